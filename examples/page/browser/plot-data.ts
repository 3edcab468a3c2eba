import type { Scale } from './scale.ts'

/** The longest and the shortest time (ms) that plots show. */
export const LONGEST_SPAN = 120_000
export const SHORTEST_SPAN = 30_000

export interface Series {
  readonly name: string
  /** The color's name. */
  readonly className: string
}

/** The values of all series at one moment. */
export interface Moment {
  readonly at: number
  readonly values: readonly number[]
}

export interface Dot {
  readonly at: number
  readonly series: number
  readonly value: number
}

/** A named moment. */
export interface Mark {
  readonly at: number
  readonly text: string
}

/** What a plot shows: the last `span` milliseconds up to `now`. */
export interface PlotData {
  readonly now: number
  readonly span: number
  readonly moments?: readonly Moment[]
  readonly dots?: readonly Dot[]
  readonly marks?: readonly Mark[]
}

export interface PlotStyle {
  readonly kind: 'stack' | 'lines' | 'dots'
  readonly series: readonly Series[]
  readonly scale: (largest: number) => Scale
}
