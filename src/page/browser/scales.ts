import type UPlot from 'uplot'
import { shortText } from './format.ts'

export type PlotKind = 'stack' | 'lines' | 'dots'

/** From 0; lines by powers of ten that have a place for 0; dots by powers of ten from 1. */
export function scaleOf(kind: PlotKind): UPlot.Scale {
  if (kind === 'stack') return { range: (_plot, _min, max) => [0, Math.max(max ?? 0, 3) * 1.02] }
  if (kind === 'lines') return { distr: 4, asinh: 1, range: (_plot, _min, max) => [0, powerAbove(max)] }
  return { distr: 3, range: (_plot, _min, max) => [0.7, powerAbove(max)] }
}

/** At least 100. */
function powerAbove(value: number | null): number {
  return 10 ** Math.max(2, Math.ceil(Math.log10(Math.max(value ?? 1, 1))))
}

/** In the colors of the page, as they are when it is drawn. */
export function axesOf({
  kind,
  frame,
}: {
  readonly kind: PlotKind
  readonly frame: HTMLElement
}): UPlot.Axis[] {
  const style = () => getComputedStyle(frame)
  const shared = {
    stroke: () => style().color,
    font: '11px system-ui, sans-serif',
    ticks: { show: false },
  }
  return [
    {
      ...shared,
      size: 24,
      space: 90,
      grid: { show: false },
      values: (_plot, splits) => splits.map((at) => (at === 0 ? 'now' : `${Math.round(-at)} s ago`)),
    },
    {
      ...shared,
      size: 44,
      gap: 4,
      grid: { stroke: () => style().borderColor, width: 1 },
      values: (_plot, splits) => splits.map((value) => (value == null ? '' : shortText(value))),
      ...(kind !== 'stack' && {
        splits: (plot: UPlot) => powersUpTo(plot.scales.y?.max ?? 100, kind === 'lines' ? [0] : []),
        filter: (_plot: UPlot, splits: number[]) => splits,
      }),
    },
  ]
}

function powersUpTo(most: number, first: readonly number[]): number[] {
  const powers = Math.round(Math.log10(most))
  return [...first, ...Array.from({ length: powers + 1 }, (_, index) => 10 ** index)]
}
