import type { Figure } from './figure.ts'
import { shortNumber } from './table.ts'

interface Panel {
  readonly title: string
  readonly better: string
  readonly case: string
  readonly what: string
}

const PANELS: readonly Panel[] = [
  {
    title: 'A row that is held, by primary key: nanoseconds per read, 1,000 hot rows',
    better: 'shorter is better',
    case: 'hits',
    what: 'primary key, 1,000 hot rows',
  },
  {
    title: 'A service that holds its rows: requests per second, 50 cities and their countries each',
    better: 'longer is better',
    case: 'service',
    what: 'warm, in-process',
  },
  {
    title: 'The same service, which has just begun and holds nothing: requests per second',
    better: 'longer is better',
    case: 'service',
    what: 'cold, in-process',
  },
]

const WIDTH = 880
/** Where bars begin and end; names are to the left, values to the right. */
const LEFT = 252
const RIGHT = 744
const BAR = 9
const OWN = /^(?:kysely-lookup|findByKey)/
const BY_HAND = /^(?:await map|Kysely \+ DataLoader|Kysely, |DataLoader)/

const STYLE = `
  .page { fill: #ffffff }
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 14px; font-weight: 600 }
  .quiet, .quiet tspan { fill: #59636e }
  .ours-text { font-weight: 600 }
  .grid { stroke: #d1d9e0 }
  .ours { fill: #0a69da }
  .hand { fill: #59636e }
  .peer { fill: #a3adb8 }
  .second { fill-opacity: 0.55 }
  @media (prefers-color-scheme: dark) {
    .page { fill: #0d1117 }
    text { fill: #f0f6fc }
    .quiet, .quiet tspan { fill: #9198a1 }
    .grid { stroke: #3d444d }
    .ours { fill: #4493f8 }
    .hand { fill: #b1bac4 }
    .peer { fill: #656c76 }
  }`

/** The figures that matter most as bars on logarithmic scales; undefined before there are any. */
export function drawChart(figures: readonly Figure[]): string | undefined {
  const servers = [
    ...new Set(figures.filter((figure) => figure.case === 'service').map(({ server }) => server)),
  ]
  const parts: string[] = []
  let top = 34
  for (const panel of PANELS) {
    const own = figures.filter(
      (figure) => figure.case === panel.case && figure.what === panel.what && figure.value !== undefined,
    )
    if (own.length === 0) continue
    const { svg, height } = drawPanel(panel, own, top)
    parts.push(svg)
    top += height
  }
  if (parts.length === 0) return undefined
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img">`,
    '<title>What kysely-lookup and others reach</title>',
    `<style>${STYLE}\n</style>`,
    `<rect class="page" width="${WIDTH}" height="${top}" rx="6"/>`,
    legend(servers),
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function legend(servers: readonly string[]): string {
  const kinds = { ours: 'kysely-lookup', hand: 'written by hand', peer: 'other libraries' }
  const items = Object.entries(kinds).map(
    ([kind, name], index) =>
      `<rect class="${kind}" x="${16 + index * 130}" y="13" width="10" height="10"/>` +
      `<text class="quiet" x="${32 + index * 130}" y="22">${name}</text>`,
  )
  const [upper, lower] = servers
  const pairs = upper && lower ? `upper bar ${upper}, lower ${lower}; ` : ''
  const notes = escaped(`${pairs}logarithmic scales`)
  return `${items.join('')}<text class="quiet" x="${WIDTH - 16}" y="22" text-anchor="end">${notes}</text>`
}

function drawPanel(
  { title, better }: Panel,
  figures: readonly Figure[],
  top: number,
): { readonly svg: string; readonly height: number } {
  const values = figures.map(({ value }) => value!)
  const first = Math.floor(Math.log10(Math.min(...values)) - 0.05)
  const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))))
  const x = (value: number) => LEFT + ((Math.log10(value) - first) / (last - first)) * (RIGHT - LEFT)
  const best = (own: readonly Figure[]) => own[0]!.value! * (better.startsWith('longer') ? -1 : 1)
  const groups = [...Map.groupBy(figures, ({ side }) => side)].sort((a, b) => best(a[1]) - best(b[1]))
  const lines: string[] = []
  let y = top + 44
  for (const [side, own] of groups) {
    const height = own.length * (BAR + 2)
    const kind = OWN.test(side) ? 'ours' : BY_HAND.test(side) ? 'hand' : 'peer'
    lines.push(
      `<text class="${kind}-text" x="${LEFT - 8}" y="${middle(y, height)}" text-anchor="end">${escaped(side)}</text>`,
    )
    for (const [index, { value }] of own.entries()) {
      const at = y + index * (BAR + 2)
      lines.push(
        `<rect class="${kind}${index > 0 ? ' second' : ''}" x="${LEFT}" y="${at}" width="${(x(value!) - LEFT).toFixed(1)}" height="${BAR}"/>`,
      )
    }
    const longest = Math.max(...own.map(({ value }) => x(value!)))
    const label = own.map(({ value }) => shortNumber(value!)).join(' · ')
    lines.push(`<text class="quiet" x="${(longest + 5).toFixed(1)}" y="${middle(y, height)}">${label}</text>`)
    y += height + 7
  }
  const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index))
  const grid = ticks.map(
    (tick) =>
      `<line class="grid" x1="${x(tick)}" y1="${top + 38}" x2="${x(tick)}" y2="${y - 3}"/>` +
      `<text class="quiet" x="${x(tick)}" y="${y + 11}" text-anchor="middle">${tick.toLocaleString('en')}</text>`,
  )
  const heading = `<text class="title" x="16" y="${top + 24}">${escaped(title)} <tspan class="quiet" font-weight="400">(${better})</tspan></text>`
  return { svg: [heading, ...grid, ...lines].join('\n'), height: y - top + 28 }
}

/** The line on which text stands that is as high as a group of bars. */
function middle(y: number, height: number): number {
  return y + height / 2 + 3
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
