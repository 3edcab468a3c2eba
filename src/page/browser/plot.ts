import type UPlot from 'uplot'
import type { Activity } from './activity.ts'
import { make, setText } from './element.ts'
import { shortText } from './format.ts'
import { axesOf, type PlotKind, scaleOf } from './scales.ts'

const HEIGHT = 190

export interface Series {
  readonly name: string
  /** The color's name. */
  readonly className: string
}

/** A named moment. */
export interface Mark {
  readonly at: number
  readonly text: string
}

/** What a plot shows: the last `span` milliseconds up to `now`. */
export interface PlotData extends Activity {
  readonly now: number
  readonly span: number
  readonly marks: readonly Mark[]
}

export interface PlotOptions {
  readonly host: HTMLElement
  readonly kind: PlotKind
  readonly series: readonly Series[]
  /** Formats the values of a series at one moment, such as `120 keys`; only dots have several. */
  readonly text: (values: readonly number[]) => string
  readonly label: string
  readonly whenEmpty: string
}

/** A plot over time that follows the size of its container and the colors of the page. */
export function createPlot(options: PlotOptions): { show(data: PlotData): void } {
  const { host, kind, series, label, whenEmpty } = options
  const frame = make('div', 'frame')
  frame.setAttribute('role', 'img')
  frame.setAttribute('aria-label', label)
  const hint = make('p', 'empty', whenEmpty)
  const tip = make('div', 'tip')
  tip.hidden = true
  const marks = make('div', 'marks')
  const swatches = series.map(() => make('i', 'swatch'))
  const values = series.map(() => make('b', ''))
  const items = series.map(({ name, className }, index) =>
    make('li', className, swatches[index]!, `${name} `, values[index]!),
  )
  host.append(frame, make('ul', 'legend', ...items))
  let data: PlotData = { now: 0, span: 1, times: [], values: series.map(() => []), marks: [] }

  const colorOf = (index: number) => getComputedStyle(swatches[index]!).color
  // Of a stack, what is below is drawn over what is above.
  const order = series.map((_, index) => (kind === 'stack' ? series.length - 1 - index : index))
  const plot = new uPlot(
    {
      width: frame.clientWidth || 300,
      height: HEIGHT,
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range: () => [-data.span / 1_000, 0] }, y: scaleOf(kind) },
      axes: axesOf({ kind, frame }),
      series: [{}, ...order.map((index) => seriesStyle(options, { index, colorOf }))],
      hooks: { setCursor: [() => showTip()], draw: [() => showMarks()] },
    },
    [[], ...series.map(() => [])],
    frame,
  )
  plot.over.append(marks)
  frame.append(tip, hint)

  function showTip(): void {
    const { left = -1, idx } = plot.cursor
    const at = idx == null ? undefined : data.times[idx]
    tip.hidden = at === undefined || left < 0
    if (at === undefined) return
    const ago = Math.round((data.now - at) / 1_000)
    tip.replaceChildren(
      make('span', 'when', ago === 0 ? 'now' : `${ago} s ago`),
      ...series.flatMap(({ name, className }, index) => {
        const read = data.values[index]!.filter(
          (value, position): value is number => value !== null && data.times[position] === at,
        )
        if (read.length === 0) return []
        return [make('span', className, make('i', 'swatch'), `${name} `, make('b', '', options.text(read)))]
      }),
    )
    const { clientWidth: width } = plot.over
    const offset = frame.clientWidth - width
    tip.style.left = left > width / 2 ? '' : `${left + offset + 4}px`
    tip.style.right = left > width / 2 ? `${width - left + 24}px` : ''
  }

  /** A line for each, with its name on the side that has room. */
  function showMarks(): void {
    marks.replaceChildren(
      ...data.marks.map(({ at, text }) => {
        const x = plot.valToPos((at - data.now) / 1_000, 'x')
        const mark = make('div', x > plot.over.clientWidth / 2 ? 'mark last' : 'mark', make('span', '', text))
        mark.style.left = `${x}px`
        return mark
      }),
    )
  }

  function show(next: PlotData): void {
    data = next
    const seconds = data.times.map((at) => (at - data.now) / 1_000)
    const drawn = kind === 'stack' ? stacked(data.values) : data.values
    plot.setData([seconds, ...order.map((index) => drawn[index]!)] as UPlot.AlignedData)
    hint.hidden = data.values.some((list) => list.some((value) => value !== null && value > 0))
    for (const [index, element] of values.entries()) {
      const last = data.values[index]!.at(-1)
      setText(element, kind === 'dots' || last == null ? '' : shortText(last))
    }
  }

  new ResizeObserver(() => {
    if (frame.clientWidth > 0) plot.setSize({ width: frame.clientWidth, height: HEIGHT })
  }).observe(frame)
  return { show }
}

function seriesStyle(
  { kind, series }: PlotOptions,
  { index, colorOf }: { readonly index: number; readonly colorOf: (index: number) => string },
): UPlot.Series {
  const color = () => colorOf(index)
  if (kind === 'dots') {
    return { paths: () => null, stroke: color, points: { show: true, size: 6, width: 0, fill: color } }
  }
  const dash = series[index]!.className === 'line-without' ? { dash: [5, 4] } : {}
  return {
    ...{ stroke: color, width: kind === 'stack' ? 0 : 2, points: { show: false }, ...dash },
    ...(kind === 'stack' && { fill: color }),
  }
}

/** Each on top of those before it. */
function stacked(values: PlotData['values']): number[][] {
  let below: readonly number[] = []
  return values.map((list) => {
    const sums = list.map((value, index) => (value ?? 0) + (below[index] ?? 0))
    below = sums
    return sums
  })
}
