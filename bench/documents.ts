/** Shows the results in docs/benchmarks.md and in the README, between the markers that these have. */
import { readFile, writeFile } from 'node:fs/promises'
import { drawChart } from './chart.ts'
import type { Figure } from './figure.ts'
import type { Results } from './results.ts'
import { cellOf } from './table.ts'
import { targetTable } from './targets.ts'

const root = new URL('../', import.meta.url)
const CHART = 'docs/images/benchmarks.svg'
const ALT =
  'Bars on a logarithmic scale, of this library and of others: nanoseconds for a row that is held already; requests per second of a service that holds its rows, and of one that has just begun'

export async function showResults(results: Results): Promise<void> {
  const chart = drawChart(results.figures)
  if (chart !== undefined) await writeFile(new URL(CHART, root), chart)
  const image = (path: string) => (chart === undefined ? '' : `![${ALT}](${path})`)
  await fill('docs/benchmarks.md', {
    summary: [introduction(results), image('images/benchmarks.svg'), targetTable(results.figures)],
    figures: [everyFigure(results)],
  })
  await fill('README.md', { chart: [image(CHART)] })
}

async function fill(name: string, parts: Readonly<Record<string, readonly string[]>>): Promise<void> {
  let text = await readFile(new URL(name, root), 'utf8')
  for (const [part, paragraphs] of Object.entries(parts)) {
    const [begin, end] = ['begin', 'end'].map((edge) => `<!-- npm run bench, ${part}: ${edge} -->`)
    const [from, to] = [text.indexOf(begin!), text.indexOf(end!)]
    if (from < 0 || to < from)
      throw new Error(`${name} has lost the markers of its ${part}: expected ${begin} and ${end}`)
    const body = paragraphs.filter((paragraph) => paragraph !== '').join('\n\n')
    text = `${text.slice(0, from + begin!.length)}\n${body && `\n${body}\n\n`}${text.slice(to)}`
  }
  await writeFile(new URL(name, root), text)
}

function introduction({ machine, cases }: Results): string {
  const runs = Object.entries(cases)
  const dates = [...new Set(runs.map(([, { date }]) => date))].sort()
  const seconds = runs.reduce((sum, [, run]) => sum + run.seconds, 0)
  const quick = runs.flatMap(([name, run]) => (run.quick ? [name] : []))
  const versions = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`)
  return [
    `Measured on ${dates.join(', ')} in ${(seconds / 60).toFixed(1)} minutes:`,
    `${machine.cores} cores (${machine.cpu}), ${machine.memoryGB} GB, Node ${machine.node.slice(1)},`,
    `${machine.servers.join(', ')}, ${versions.join(', ')}.`,
    `Seconds by case: ${runs.map(([name, run]) => `${name} ${Math.round(run.seconds)}`).join(', ')}.`,
    ...(quick.length > 0 ? [`Only a first look so far, with few rounds: ${quick.join(', ')}.`] : []),
  ].join('\n')
}

/** A table for each thing that was measured, folded by case. */
function everyFigure({ figures }: Results): string {
  return [...Map.groupBy(figures, (figure) => figure.case)]
    .map(([name, own]) => {
      const tables = [...Map.groupBy(own, ({ what }) => what)].map(([what, group]) => tableOf(what, group))
      return `<details>\n<summary>${name}</summary>\n\n${tables.join('\n\n')}\n\n</details>`
    })
    .join('\n\n')
}

function tableOf(what: string, figures: readonly Figure[]): string {
  const servers = [...new Set(figures.map(({ server }) => server))]
  const { unit, against } = figures.find(({ value }) => value !== undefined) ?? figures[0]!
  const lines = [...Map.groupBy(figures, ({ side }) => side)].map(([side, own]) => {
    const cells = servers.map((server) => {
      const figure = own.find((one) => one.server === server)
      return figure ? cellOf(figure) : ''
    })
    return `| ${side.replaceAll('`', '\\`')} | ${cells.join(' | ')} |`
  })
  return [
    `${what}, ${unit}${against ? ` (× against ${against.replaceAll('`', '\\`')})` : ''}:\n`,
    `| side | ${servers.join(' | ')} |`,
    `|---|${servers.map(() => '---:|').join('')}`,
    ...lines,
  ].join('\n')
}
