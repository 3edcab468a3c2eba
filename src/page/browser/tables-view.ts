import type { TableState } from '../sample.ts'
import { byId, make, setText } from './element.ts'
import { averageText, countText, durationText, exactText, shareText } from './format.ts'

const LEVELS = ['process', 'request', 'store', 'database'] as const

interface Line {
  show(table: TableState): void
  /** Says how old its version is at a time. */
  age(now: number): void
}

/** One line per table, in the order in which they are first shown. */
export function createTablesView(): Line {
  const lines = new Map<string, Line>()
  const body = byId('table-rows', HTMLElement)
  body.replaceChildren()
  return {
    show(table) {
      const { name } = table
      let line = lines.get(name)
      if (!line) {
        const created = createLine(table)
        body.append(created.element)
        lines.set(name, created)
        line = created
      }
      line.show(table)
    },
    age(now) {
      for (const line of lines.values()) line.age(now)
    },
  }
}

function createLine({ name, mode }: TableState): Line & { readonly element: HTMLElement } {
  const cell = (label: string, className: string, ...content: (Element | string)[]) => {
    const element = make('td', className, ...content)
    element.dataset.label = label
    return element
  }
  const parts = LEVELS.map((level) => make('span', `level-${level}`))
  const bar = make('div', 'share', ...parts)
  const shares = make('span', 'shares')
  const held = cell('Rows held', 'number')
  const evicted = cell('Evicted', 'number')
  const misses = cell('Misses', 'number')
  const statements = cell('Statements', 'number')
  const keys = cell('Keys each', 'number')
  const version = make('code', '')
  const age = make('span', 'note')
  const shownMode = mode === 'request' ? 'per request' : mode
  const head = make('th', '', make('code', '', name), make('span', `mode ${mode}`, shownMode))
  head.setAttribute('scope', 'row')
  const wide = cell('Answered by', 'wide', bar, shares)
  const last = cell('Version', 'version', version, age)
  const element = make('tr', '', head, held, evicted, wide, misses, statements, keys, last)
  element.dataset.table = name
  let heldSince: number | undefined

  function show(table: TableState): void {
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
    setText(evicted, countText(table.evictions))
    setText(misses, countText(table.database))
    setText(
      statements,
      `${countText(table.statements)}${table.failures > 0 ? ` (${countText(table.failures)} failed)` : ''}`,
    )
    setText(keys, table.statements === 0 ? '–' : averageText(table.keys / table.statements))
    heldSince = table.heldSince
    showVersion(table)
  }

  function showVersion({ version: current, maxAge }: TableState): void {
    if (mode === 'immutable') setText(age, 'frozen by the database')
    if (mode === 'expiring') setText(age, `held for ${durationText((maxAge ?? 0) / 1_000)} at most`)
    if (mode !== 'versioned') {
      setText(version, mode === 'immutable' ? 'for good' : mode === 'expiring' ? 'by age' : '–')
      return
    }
    const text = current === undefined ? 'not read yet' : exactText(current)
    const moved = version.textContent !== '' && version.textContent !== text
    setText(version, text)
    if (!moved) return
    // Draws the eye to the version that moved.
    element.classList.remove('moved')
    requestAnimationFrame(() => element.classList.add('moved'))
  }

  return {
    element,
    show,
    age(now) {
      if (mode !== 'versioned') return
      const seconds = heldSince === undefined ? undefined : Math.max(0, now / 1_000 - heldSince)
      setText(age, seconds === undefined ? '' : `held for ${durationText(seconds)}`)
    },
  }
}
