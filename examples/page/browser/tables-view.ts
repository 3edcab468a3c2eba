import type { Sample, TableDescription, TableSample } from '../sample.ts'
import { byId, make, setText } from './element.ts'
import { countText, durationText, shareText } from './format.ts'

const LEVELS = ['process', 'request', 'database'] as const

/** One line per table. */
export function createTablesView(tables: readonly TableDescription[]): { show(sample: Sample): void } {
  const lines = tables.map(createLine)
  byId('table-rows', HTMLElement).replaceChildren(...lines.map(({ line }) => line))
  return {
    show(sample) {
      for (const { name, show } of lines) show(sample.tables[name]!)
    },
  }
}

function createLine({ name, mode }: TableDescription) {
  const cell = (label: string, className: string, ...content: (Element | string)[]) => {
    const element = make('td', className, ...content)
    element.dataset.label = label
    return element
  }
  const parts = LEVELS.map((level) => make('span', `level-${level}`))
  const bar = make('div', 'share', ...parts)
  const shares = make('span', 'shares')
  const held = cell('Rows held', 'number')
  const misses = cell('Misses', 'number')
  const statements = cell('Statements', 'number')
  const keys = cell('Keys each', 'number')
  const version = make('code', '')
  const age = make('span', 'note')
  const head = make('th', '', make('code', '', name), make('span', `mode ${mode}`, mode))
  head.setAttribute('scope', 'row')
  const line = make(
    'tr',
    '',
    head,
    held,
    cell('Answered by', 'wide', bar, shares),
    misses,
    statements,
    keys,
    cell('Version', 'version', version, age),
  )
  line.dataset.table = name
  let shownVersion: string | undefined

  function show(table: TableSample): void {
    const counts = LEVELS.map((level) => table[level])
    const all = counts.reduce((sum, count) => sum + count, 0)
    for (const [index, part] of parts.entries())
      part.style.flexGrow = String(all === 0 ? 0 : counts[index]! / all)
    bar.title = LEVELS.map((level, index) => `${level}: ${countText(counts[index]!)}`).join(', ')
    setText(
      shares,
      all === 0
        ? 'not asked yet'
        : `${shareText(all - table.database, all)} of ${countText(all)} from memory`,
    )
    setText(held, countText(table.rowsHeld))
    setText(misses, countText(table.database))
    setText(statements, countText(table.statements))
    setText(keys, table.statements === 0 ? '–' : (table.keys / table.statements).toFixed(1))
    showVersion(table)
  }

  function showVersion({ version: current, versionAge }: TableSample): void {
    if (mode === 'immutable') {
      setText(version, 'for good')
      setText(age, 'frozen by the database')
      return
    }
    const text = current === undefined ? 'not read yet' : countText(current)
    setText(version, text)
    setText(age, versionAge === undefined ? '' : `held for ${durationText(versionAge / 1_000)}`)
    // Draws the eye to the version that moved.
    if (shownVersion !== undefined && shownVersion !== text) {
      line.classList.remove('moved')
      requestAnimationFrame(() => line.classList.add('moved'))
    }
    shownVersion = text
  }

  return { name, line, show }
}
