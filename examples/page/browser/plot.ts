import { make, setText } from './element.ts'
import { shortText } from './format.ts'
import { type PlotData, type PlotStyle, SHORTEST_SPAN } from './plot-data.ts'
import { drawing, type Reading } from './plot-drawing.ts'

export interface Plot {
  show(data: PlotData): void
}

export interface PlotOptions extends PlotStyle {
  readonly host: HTMLElement
  /** Formats the values of a series at one moment, such as `120 keys`; only dots have several. */
  readonly text: (values: readonly number[]) => string
  readonly label: string
  readonly whenEmpty: string
}

/** A plot over time that follows the size of its container and the colors of the page. */
export function createPlot(options: PlotOptions): Plot {
  const { host, kind, series, text, label, whenEmpty } = options
  const frame = make('div', 'frame')
  const hint = make('p', 'empty', whenEmpty)
  const tip = make('div', 'tip')
  tip.hidden = true
  const values = series.map(() => make('b', ''))
  const legend = make(
    'ul',
    'legend',
    ...series.map(({ name, className }, index) => make('li', className, `${name} `, values[index]!)),
  )
  host.append(frame, legend)
  let data: PlotData = { now: Date.now(), span: SHORTEST_SPAN }
  let pointer: number | undefined

  function draw(): void {
    const { width, height } = frame.getBoundingClientRect()
    if (width === 0) return
    const shown = visible(data)
    const drawn = drawing({ ...options, ...shown, width, height, pointer })
    drawn.svg.setAttribute('role', 'img')
    drawn.svg.setAttribute('aria-label', label)
    frame.replaceChildren(drawn.svg, tip, ...(drawn.largest === 0 ? [hint] : []))
    showTip(drawn.reading, width)
    const last = shown.moments.at(-1)
    for (const [index, value] of values.entries()) {
      setText(value, kind === 'dots' || !last ? '' : shortText(last.values[index]!))
    }
  }

  function showTip(reading: Reading | undefined, width: number): void {
    tip.hidden = !reading
    if (!reading) return
    const ago = Math.round((data.now - reading.at) / 1_000)
    tip.replaceChildren(
      make('span', 'when', ago === 0 ? 'now' : `${ago} s ago`),
      ...series.flatMap(({ name, className }, index) => {
        const values = reading.values.filter((one) => one.series === index).map(({ value }) => value)
        return values.length === 0 ? [] : [make('span', className, `${name} `, make('b', '', text(values)))]
      }),
    )
    tip.style.left = reading.x > width / 2 ? '' : `${reading.x + 12}px`
    tip.style.right = reading.x > width / 2 ? `${width - reading.x + 12}px` : ''
  }

  frame.onpointermove = (event) => {
    pointer = event.clientX - frame.getBoundingClientRect().left
    draw()
  }
  frame.onpointerleave = () => {
    pointer = undefined
    draw()
  }
  new ResizeObserver(draw).observe(frame)
  return {
    show(next) {
      data = next
      draw()
    },
  }
}

function visible({ now, span, moments = [], dots = [], marks = [] }: PlotData): Required<PlotData> {
  const isVisible = ({ at }: { readonly at: number }) => at >= now - span
  return {
    now,
    span,
    moments: moments.filter(isVisible),
    dots: dots.filter(isVisible),
    marks: marks.filter(isVisible),
  }
}
