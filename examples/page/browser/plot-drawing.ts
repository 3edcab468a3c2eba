import { shortText } from './format.ts'
import type { Dot, Mark, Moment, PlotStyle } from './plot-data.ts'
import type { Scale } from './scale.ts'

const SVG = 'http://www.w3.org/2000/svg'
const SPACE = { left: 40, right: 10, top: 10, bottom: 22 }

/** What the pointer is on. */
export interface Reading {
  readonly x: number
  readonly at: number
  readonly values: readonly { readonly series: number; readonly value: number }[]
}

export interface Drawing {
  readonly svg: SVGSVGElement
  readonly largest: number
  readonly reading: Reading | undefined
}

interface DrawingOptions extends PlotStyle {
  readonly width: number
  readonly height: number
  readonly now: number
  readonly span: number
  readonly moments: readonly Moment[]
  readonly dots: readonly Dot[]
  readonly marks: readonly Mark[]
  readonly pointer: number | undefined
}

/** Draws grid, series, and what the pointer is on. */
export function drawing(options: DrawingOptions): Drawing {
  const { width, height, kind, now, span, moments, dots, marks, pointer } = options
  const largest = largestOf(options)
  const scale = options.scale(largest)
  const x = (at: number) => SPACE.left + (1 - (now - at) / span) * (width - SPACE.left - SPACE.right)
  const y = (value: number) =>
    height - SPACE.bottom - scale.height(value) * (height - SPACE.top - SPACE.bottom)
  const svg = element('svg', { width, height, viewBox: `0 0 ${width} ${height}` }) as SVGSVGElement
  svg.append(...grid({ scale, x, y, width, height, now, span }))
  if (kind === 'dots') svg.append(...dotMarks({ ...options, x, y }))
  else if (moments.length > 1) svg.append(...(kind === 'stack' ? areas : lines)({ ...options, x, y }))
  svg.append(
    ...marks.flatMap(({ at, text }) => markShapes({ x: x(at), height, text, last: x(at) > width / 2 })),
  )
  const reading = pointer === undefined ? undefined : readingAt({ pointer, kind, moments, dots, x, y })
  if (reading)
    svg.append(
      element('line', {
        class: 'cross',
        x1: reading.x,
        x2: reading.x,
        y1: SPACE.top,
        y2: height - SPACE.bottom,
      }),
    )
  return { svg, largest, reading }
}

function largestOf({ kind, moments, dots }: DrawingOptions): number {
  const heights =
    kind === 'dots'
      ? dots.map(({ value }) => value)
      : moments.map(({ values }) => (kind === 'stack' ? sum(values) : Math.max(...values)))
  return Math.max(0, ...heights)
}

interface Axes {
  x(at: number): number
  y(value: number): number
}

function grid(
  options: Axes & { scale: Scale; width: number; height: number; now: number; span: number },
): SVGElement[] {
  const { scale, x, y, width, height, now, span } = options
  const levels = scale.ticks.flatMap((value) => [
    element('line', { class: 'grid', x1: SPACE.left, x2: width - SPACE.right, y1: y(value), y2: y(value) }),
    label({ x: SPACE.left - 8, y: y(value) + 4, anchor: 'end', text: shortText(value) }),
  ])
  const times = [
    { at: now - span, anchor: 'start', text: `${seconds(span)} s ago` },
    { at: now - span / 2, anchor: 'middle', text: `${seconds(span / 2)} s ago` },
    { at: now, anchor: 'end', text: 'now' },
  ].map(({ at, anchor, text }) => label({ x: x(at), y: height - 4, anchor, text }))
  return [...levels, ...times]
}

const seconds = (milliseconds: number) => Math.round(milliseconds / 1_000)

function areas({ series, moments, x, y }: DrawingOptions & Axes): SVGElement[] {
  return series.map(({ className }, index) => {
    const below = ({ values }: Moment) => sum(values.slice(0, index))
    const above = ({ values }: Moment) => sum(values.slice(0, index + 1))
    const upper = moments.map((moment) => `${x(moment.at).toFixed(1)},${y(above(moment)).toFixed(1)}`)
    const lower = moments
      .map((moment) => `${x(moment.at).toFixed(1)},${y(below(moment)).toFixed(1)}`)
      .reverse()
    return element('polygon', { class: className, points: [...upper, ...lower].join(' ') })
  })
}

function lines({ series, moments, x, y }: DrawingOptions & Axes): SVGElement[] {
  return series.map(({ className }, index) =>
    element('polyline', {
      class: className,
      points: moments
        .map(({ at, values }) => `${x(at).toFixed(1)},${y(values[index]!).toFixed(1)}`)
        .join(' '),
    }),
  )
}

/** Draws dots in the same place once: a busy service sends thousands of statements. */
function dotMarks({ series, dots, x, y }: DrawingOptions & Axes): SVGElement[] {
  const drawn = new Map<string, SVGElement>()
  for (const { at, series: index, value } of dots) {
    const [cx, cy] = [Math.round(x(at)), Math.round(y(value))]
    const place = `${index} ${cx} ${cy}`
    if (drawn.has(place)) continue
    drawn.set(place, element('circle', { class: series[index]!.className, cx, cy, r: 3 }))
  }
  return [...drawn.values()]
}

/** A line, with its name on the side that has room. */
function markShapes(options: { x: number; height: number; text: string; last: boolean }): SVGElement[] {
  const { x, height, text, last } = options
  return [
    element('line', { class: 'mark', x1: x, x2: x, y1: SPACE.top, y2: height - SPACE.bottom }),
    label({ x: last ? x - 5 : x + 5, y: SPACE.top + 9, anchor: last ? 'end' : 'start', text }),
  ]
}

function readingAt(
  options: Axes & Pick<DrawingOptions, 'kind' | 'moments' | 'dots'> & { readonly pointer: number },
): Reading | undefined {
  const { pointer, kind, moments, dots, x } = options
  const nearest = (all: readonly { readonly at: number }[]) =>
    all.toSorted((one, other) => Math.abs(x(one.at) - pointer) - Math.abs(x(other.at) - pointer))[0]?.at
  const at = nearest(kind === 'dots' ? dots : moments)
  if (at === undefined || Math.abs(x(at) - pointer) > 30) return undefined
  const values =
    kind === 'dots'
      ? dots.filter((dot) => dot.at === at)
      : moments.find((moment) => moment.at === at)!.values.map((value, series) => ({ series, value }))
  return { x: x(at), at, values }
}

function label(options: { x: number; y: number; anchor: string; text: string }): SVGElement {
  const { x, y, anchor, text } = options
  const node = element('text', { x, y, 'text-anchor': anchor })
  node.textContent = text
  return node
}

function element(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const node = document.createElementNS(SVG, name)
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, String(value))
  return node
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
