/** What is read of an event of the binary log. */
export interface BinlogEvent {
  getEventName(): string
}

export interface EventReaderOptions {
  /** The database's name. */
  readonly database: string
  /** A transaction or statement was committed that may concern the database's tables. */
  changed(): void
}

/** Finds out which events concern the tables of one database. */
export interface EventReader {
  read(event: BinlogEvent): void
}

/** They begin, end or divide a transaction. */
const TRANSACTION_CONTROL = /^\s*(begin|start transaction|commit|rollback|savepoint|release|xa)\b/i

/**
 * A transaction that has rows of the version table rings when it ends. A statement rings at once, where it may be about the database:
 * DDL, and writes of a server that logs statements. What cannot be decoded may be anything.
 */
export function createEventReader({ database, changed }: EventReaderOptions): EventReader {
  const name = database.toLowerCase()
  /** Names are quoted with backticks, and one within a name is doubled. */
  const quoted = name.replaceAll('`', '``')
  let touched = false

  function ended(): void {
    if (touched) changed()
    touched = false
  }

  function readQuery({ query, schema }: { readonly query: string; readonly schema: string }): void {
    if (/^\s*xa\s+commit\b/i.test(query)) changed()
    else if (TRANSACTION_CONTROL.test(query)) {
      if (/^\s*(commit|rollback\s*$)/i.test(query)) ended()
    } else if (schema.toLowerCase() === name || query.toLowerCase().includes(quoted)) changed()
  }

  return {
    read(event) {
      switch (event.getEventName()) {
        case 'tablemap':
          touched = true
          break
        case 'query':
          readQuery(event as BinlogEvent & { query: string; schema: string })
          break
        case 'gtid':
        case 'anonymousgtid':
        case 'mariadbgtid':
        case 'xid':
        case 'xaprepare':
          ended()
          break
        case 'transactionpayload':
        case 'partialupdaterows':
        case 'unknown':
          changed()
          break
      }
    },
  }
}
