const whole = new Intl.NumberFormat('en')
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** `12,345`; what no column has room for, as `1.20e+17`. */
export function countText(count: number): string {
  return Math.abs(count) < 1e15 ? whole.format(Math.round(count)) : count.toExponential(2)
}

/** Every digit. */
export function exactText(count: number): string {
  return whole.format(count)
}

/** `12.3K`: for scales. */
export function shortText(count: number): string {
  return Math.abs(count) < 1e15 ? compact.format(count) : count.toExponential(0)
}

export function shareText(part: number, all: number): string {
  if (all === 0) return '0%'
  // 100% only if it is all.
  const percent = (100 * part) / all
  return `${part === all ? 100 : percent >= 99 ? Math.floor(percent * 100) / 100 : Math.floor(percent * 10) / 10}%`
}

export function plural(count: number, noun: string): string {
  return `${countText(count)} ${noun}${Math.round(count) === 1 ? '' : 's'}`
}

/** `3 min`, from seconds. */
export function durationText(seconds: number): string {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
}

export function millisecondsText(milliseconds: number): string {
  return milliseconds < 10 ? `${milliseconds.toFixed(1)} ms` : `${countText(milliseconds)} ms`
}

/** `12.3` */
export function averageText(average: number): string {
  return average < 1e6 ? average.toFixed(1) : countText(average)
}
