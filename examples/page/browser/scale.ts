/** Maps values to heights between 0 and 1, and names the values that get a line. */
export interface Scale {
  readonly ticks: readonly number[]
  height(value: number): number
}

/** From 0 to a little above the largest value, with lines at round numbers. */
export function linearScale(largest: number): Scale {
  const rough = Math.max(largest, 3) / 3
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!
  const lines = Math.max(1, Math.ceil(largest / step))
  const top = Math.max(lines * step, largest * 1.02)
  return {
    ticks: Array.from({ length: lines + 1 }, (_, index) => index * step),
    height: (value) => value / top,
  }
}

/** By powers of ten. Values below 1 are near the bottom, and 0 is on it. */
export function powerScale(largest: number, options: { readonly from: 0 | 1 }): Scale {
  const { from } = options
  const powers = Math.max(2, Math.ceil(Math.log10(Math.max(largest, 1))))
  const place = (value: number) =>
    from === 0 ? Math.log10(1 + value) : Math.log10(Math.max(value, 1)) + 0.15
  const top = place(Math.max(10 ** powers, largest))
  return {
    ticks: [...(from === 0 ? [0] : []), ...Array.from({ length: powers + 1 }, (_, index) => 10 ** index)],
    height: (value) => place(value) / top,
  }
}
