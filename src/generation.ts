import { createBoundedMap } from './bounded-map.ts'
import type { Counters } from './events.ts'
import type { Key, TableKeys, Token } from './key.ts'
import type { Row } from './row.ts'

/** A row and what it is known by: the token of its primary key. */
export interface Entry {
  readonly row: Row
  readonly identity: Token
  /** Made at the first hit and kept, so that later hits allocate nothing. */
  promise?: Promise<Row>
}

export interface HeldEntry extends Entry {
  /** Set by a hit, taken back by the hand: such a row is passed over once. */
  visited: boolean
  /** Other keys that lead here, as pairs of a definition's position and a token. */
  readonly aliases: (readonly [position: number, token: Token])[]
  /** How many of them, the first ones, are the row's own values. */
  canonical: number
}

export interface GenerationOptions {
  readonly keys: TableKeys
  readonly maxRows: number
  readonly counters: Counters
  /** The version that everything in it was read at; undefined for rows that never change. */
  readonly version?: number | undefined
}

/** What the process holds of one table at one version. Failures are never held; absences and lists only under a version. */
export interface Generation {
  readonly version: number | undefined
  /** Rows by the token of their primary key. Reading it directly is the hit path; set `visited` when doing so. */
  readonly rows: ReadonlyMap<unknown, HeldEntry>
  /** Whether there is no room left for another row. */
  readonly full: boolean
  /** How many request scopes were answered rows that they do not remember: while there are any, none is dropped. */
  pins: number
  /** Every row, in primary-key order, once it was read. */
  all: readonly Entry[] | undefined
  find(key: Key): HeldEntry | undefined
  /** Holds the row, where there is room, and answers its entry: the one that is held already, where there is one. */
  publish(row: Row, identity: Token, asked?: Key): Entry
  isAbsent(key: Key): boolean
  publishAbsence(key: Key): void
  list(key: Key): readonly Entry[] | undefined
  publishList(key: Key, entries: readonly Entry[]): void
}

/** Texts may be of any length: what only a long one would find again is not held. */
const LONGEST_TOKEN = 1_000

// Spellings of one key ('FR', 'fr', 'fr ') are unlimited; a row keeps the few that callers use.
const MAX_SPELLINGS = 4

/**
 * Rows are bounded by CLOCK: a hit sets a bit, a full generation moves a hand over the rows and drops the first without
 * it. (True LRU by re-insertion would cost a hit 10 to 470 times as much.)
 */
export function createGeneration(options: GenerationOptions): Generation {
  const { keys, maxRows, counters, version } = options
  const unique = keys.definitions.slice(1)
  const rows = new Map<Token, HeldEntry>()
  const aliases = keys.definitions.map(() => new Map<Token, HeldEntry>())
  const absences = createBoundedMap<true>(maxRows)
  const lists = createBoundedMap<readonly Entry[]>(maxRows)
  const ring: HeldEntry[] = []
  let hand = 0
  // A row that somebody still holds is the same object when it is read again.
  const dropped = new Map<Token, WeakRef<Row>>()
  const collected = new FinalizationRegistry<Token>((identity) => {
    if (dropped.get(identity)?.deref() === undefined) dropped.delete(identity)
  })

  function find({ definition, token }: Key): HeldEntry | undefined {
    const direct = definition.position === 0 ? rows.get(token) : undefined
    return direct ?? aliases[definition.position]?.get(token)
  }

  function addAlias(entry: HeldEntry, { definition, token }: Key): void {
    const known = aliases[definition.position]!
    if (known.get(token) === entry || (definition.position === 0 && token === entry.identity)) return
    const spellings = entry.aliases.length - entry.canonical
    if (spellings >= MAX_SPELLINGS) {
      const [[position, oldest] = [0, null]] = entry.aliases.splice(entry.canonical, 1)
      aliases[position]?.delete(oldest)
    }
    known.set(token, entry)
    entry.aliases.push([definition.position, token])
  }

  function isShort({ token }: Key): boolean {
    return typeof token !== 'string' || token.length <= LONGEST_TOKEN
  }

  function add(row: Row, identity: Token): HeldEntry {
    const entry: HeldEntry = {
      row,
      identity,
      visited: false,
      aliases: [],
      canonical: Number.POSITIVE_INFINITY,
    }
    dropped.delete(identity)
    if (ring.length < maxRows) {
      ring.push(entry)
    } else {
      hand = nextVictim()
      drop(ring[hand]!)
      ring[hand] = entry
      hand = (hand + 1) % maxRows
    }
    rows.set(identity, entry)
    for (const definition of unique) {
      const key = keys.keyOf(definition, entry.row)
      if (key) addAlias(entry, key)
    }
    entry.canonical = entry.aliases.length
    counters.rowsHeld = rows.size
    return entry
  }

  function nextVictim(): number {
    let at = hand
    while (ring[at]!.visited) {
      ring[at]!.visited = false
      at = (at + 1) % maxRows
    }
    return at
  }

  function drop(entry: HeldEntry): void {
    rows.delete(entry.identity)
    for (const [position, token] of entry.aliases) aliases[position]!.delete(token)
    remember(entry)
    counters.evictions++
  }

  function remember({ row, identity }: Entry): void {
    dropped.set(identity, new WeakRef(row))
    collected.register(row, identity)
  }

  const isFull = () => ring.length === maxRows

  const generation: Generation = {
    version,
    rows,
    all: undefined,
    pins: 0,
    get full() {
      return isFull()
    },
    find,
    publish(read, identity, asked) {
      let entry = rows.get(identity)
      if (!entry) {
        const known = dropped.get(identity)?.deref()
        const row = known ?? read
        if (isFull() && generation.pins > 0) {
          if (!known) remember({ row, identity })
          return { row, identity }
        }
        entry = add(row, identity)
      }
      if (asked && isShort(asked)) addAlias(entry, asked)
      return entry
    },
    isAbsent: ({ definition, token }) => absences.get(definition, token) !== undefined,
    publishAbsence(key) {
      if (isShort(key)) absences.set(key.definition, key.token, { value: true, weight: 1 })
    },
    list: ({ definition, token }) => lists.get(definition, token),
    publishList(key, entries) {
      if (isShort(key)) lists.set(key.definition, key.token, { value: entries, weight: entries.length + 1 })
    },
  }
  return generation
}
