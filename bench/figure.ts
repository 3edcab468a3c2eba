import type { Comparison as InProcessComparison } from './interleaved.ts'
import type { Comparison, Cpu } from './rounds.ts'

/** One cell of the results. */
export interface Figure {
  /** Such as `hits`. */
  readonly case: string
  readonly server: string
  /** What was measured, such as `primary key, 1,000 hot rows`. */
  readonly what: string
  /** The side, as readers know it. */
  readonly side: string
  readonly unit: string
  /** Median; undefined where the side cannot do it. */
  readonly value?: number
  /** The side that the ratio is against. */
  readonly against?: string
  readonly ratio?: number
  readonly quartiles?: readonly [number, number]
  /** Processor time of the side's process; microseconds per request where the unit is no time. */
  readonly cpu?: Cpu
  readonly more?: Readonly<Record<string, number>>
  /** Why there is no value. */
  readonly cannot?: string
}

export function figuresOf(
  common: Pick<Figure, 'case' | 'server' | 'what' | 'unit'>,
  comparison: Readonly<Record<string, Comparison>>,
  against: string,
): Figure[] {
  return Object.entries(comparison).map(([side, result]) =>
    'cannot' in result ? { ...common, side, cannot: result.cannot } : { ...common, side, against, ...result },
  )
}

/** Of sides that run in this process, against the first. */
export function inProcessFigures(
  common: Pick<Figure, 'case' | 'server' | 'what' | 'unit'>,
  { median, ratio, cpu }: InProcessComparison,
): Figure[] {
  const [against] = Object.keys(median)
  return Object.entries(median).map(([side, value]) => ({
    ...common,
    side,
    value,
    against: against!,
    ratio: ratio[side]!,
    cpu: cpu[side]!,
  }))
}
