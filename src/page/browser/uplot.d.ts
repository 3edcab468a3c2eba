import type UPlot from 'uplot'

declare global {
  /** Put there by uPlot's script, which the page loads before its own. */
  const uPlot: typeof UPlot
}
