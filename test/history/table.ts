import type { AnyDB } from '../support/lookups.ts'

/** The table that everybody reads and writes: a code that a key keeps forever, a group, and the value of the last write. */
export const ITEM = `create table item (
  id int unsigned not null primary key,
  code varchar(20) character set ascii collate ascii_bin not null,
  grp int not null,
  value bigint not null,
  unique key item_code (code), key item_grp (grp)
) engine = InnoDB`

export const GROUPS = 8

export type Item = {
  readonly id: number
  readonly code: string
  readonly grp: number
  readonly value: number
}

export type ItemDB = AnyDB & { item: Item }

export function itemOf(id: number, value: number): Item {
  return { id, code: codeOf(id), grp: groupOf(id), value }
}

export function codeOf(id: number): string {
  return `code-${id}`
}

export function groupOf(id: number): number {
  return id % GROUPS
}

/** The keys of each writer; nobody else changes them. */
export function keysOf(writer: number, keysPerWriter: number): number[] {
  return Array.from({ length: keysPerWriter }, (_, index) => writer * keysPerWriter + index + 1)
}

/** At the start every second key has a row. */
export function initialValue(id: number): number {
  return id % 2 === 0 ? id : 0
}
