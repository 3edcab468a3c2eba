import assert from 'node:assert/strict'
import { type Kysely, sql } from 'kysely'
import type { ServerSystem } from '../../src/database/server-version.ts'
import type { AnyDB, AnyRepositories } from './lookups.ts'

const level = 'isolation level'

/** Tables that lookups read, another database with tables of the same names, and procedures that leave something behind. */
export function alterationTables(other: string, system: ServerSystem): readonly string[] {
  const history = system === 'mariadb' ? ' with system versioning' : ''
  return [
    `create table plan (id int not null primary key, name varchar(20) character set utf8mb4 collate utf8mb4_bin not null,
      code char(4) character set utf8mb4 collate utf8mb4_bin not null, at timestamp not null default '2020-01-02',
      unique key plan_code (code), key plan_at (at))${history}`,
    `insert into plan values (1, 'Free', 'ü', '2020-01-02 03:04:05'), (2, 'Team', '?', '2020-01-02 03:04:05'),
      (3, 'Firm', 'long', '2020-01-02 03:04:05')`,
    `create table ${other}.plan (id int not null primary key, name varchar(20) not null, code char(4) not null,
      at timestamp not null default '2020-01-02', unique key plan_code (code), key plan_at (at))`,
    `insert into ${other}.plan values (1, 'Foreign', 'ü', now()), (4, 'Foreign', '?', now())`,
    `create table ${other}.foreign_plan like ${other}.plan`,
    `insert into ${other}.foreign_plan select * from ${other}.plan`,
    'create table unrelated (id int primary key)',
    `create procedure begins() begin start transaction; update plan set name = 'uncommitted' where id < 3; end`,
    `create procedure begins_and_fails() begin
      start transaction; update plan set name = 'uncommitted' where id < 3;
      signal sqlstate '45000' set message_text = 'failed';
    end`,
    `create procedure next_uncommitted() set transaction ${level} read uncommitted`,
    `create procedure uncommitted() begin set session transaction ${level} read uncommitted; select 1; end`,
    `create procedure limits() set sql_select_limit = 1`,
    `create procedure moves_clock() begin set time_zone = '+05:00'; select 1; end`,
    `create procedure hides() begin create temporary table plan like ${other}.foreign_plan; end`,
    `create function hidden() returns int deterministic begin create temporary table plan like ${other}.foreign_plan; return 1; end`,
    `create function limited() returns int deterministic begin set sql_select_limit = 1; return 1; end`,
  ]
}

/** Something that a program does to the session of a pooled connection. */
export interface Alteration {
  readonly what: string
  readonly statements: readonly string[]
  /** Whether the last one does. */
  readonly fails?: boolean
  /** Why a transaction in such a session is refused; undefined where what it reads is right. */
  readonly refused?: RegExp
  readonly only?: ServerSystem
}

export function alterations(other: string): readonly Alteration[] {
  const temporary = /temporary table plan/
  const uncommitted = /READ[- ]UNCOMMITTED/
  return [
    { what: 'another database', statements: [`use ${other}`], refused: /another database/ },
    {
      what: 'another database, by a script',
      statements: [`use ${other}; select 1`],
      refused: /another database/,
    },
    {
      what: 'a temporary table',
      statements: [`create temporary table plan like ${other}.foreign_plan`],
      refused: temporary,
    },
    {
      what: 'a temporary table with rows',
      statements: [`create temporary table plan as select * from ${other}.foreign_plan`],
      refused: temporary,
    },
    {
      what: 'a temporary table that was renamed',
      statements: [
        `create temporary table other like ${other}.foreign_plan`,
        'alter table other rename to plan',
      ],
      refused: temporary,
    },
    { what: 'a temporary table by a procedure', statements: ['call hides()'], refused: temporary },
    { what: 'a temporary table by a function', statements: ['select hidden()'], refused: temporary },
    {
      what: 'one row for each SELECT',
      statements: ['set sql_select_limit = 1'],
      refused: /sql_select_limit 1/,
    },
    {
      what: 'no row for any SELECT',
      statements: ['set sql_select_limit = 0'],
      refused: /sql_select_limit 0/,
    },
    { what: 'one row for a procedure alone', statements: ['call limits()'] },
    { what: 'one row, by a function', statements: ['select limited()'], refused: /sql_select_limit/ },
    {
      what: 'the rows of the past',
      statements: ["set system_versioning_asof = '2001-01-01'"],
      refused: /system_versioning_asof/,
      only: 'mariadb',
    },
    { what: 'another time zone', statements: ["set time_zone = '+02:00'"], refused: /time_zone \+02:00/ },
    { what: 'another time zone, by a procedure', statements: ['call moves_clock()'], refused: /time_zone/ },
    { what: 'another charset', statements: ['set names latin1'], refused: /character_set_client latin1/ },
    {
      what: 'results in another charset',
      statements: ['set character_set_results = latin1'],
      refused: /character_set_results/,
    },
    {
      what: 'padded texts',
      statements: ["set sql_mode = 'PAD_CHAR_TO_FULL_LENGTH'"],
      refused: /sql_mode PAD_CHAR/,
    },
    {
      what: 'no backslash escapes',
      statements: ["set sql_mode = concat(@@sql_mode, ',NO_BACKSLASH_ESCAPES')"],
      refused: /NO_BACKSLASH_ESCAPES/,
    },
    {
      what: "'' for NULL",
      statements: ["set sql_mode = 'EMPTY_STRING_IS_NULL'"],
      refused: /EMPTY_STRING_IS_NULL/,
      only: 'mariadb',
    },
    { what: "Oracle's mode", statements: ["set sql_mode = 'ORACLE'"], refused: /sql_mode/, only: 'mariadb' },
    {
      what: 'keys sorted by their beginnings',
      statements: ['set max_sort_length = 8'],
      refused: /max_sort_length/,
    },
    {
      what: 'READ UNCOMMITTED',
      statements: [`set session transaction ${level} read uncommitted`],
      refused: uncommitted,
    },
    { what: 'READ UNCOMMITTED, by a procedure', statements: ['call uncommitted()'], refused: uncommitted },
    { what: 'autocommit off', statements: ['set autocommit = 0'] },
    { what: 'autocommit off, and a snapshot', statements: ['set autocommit = 0', 'select * from plan'] },
    {
      what: 'an open transaction',
      statements: ['begin', "update plan set name = 'uncommitted' where id < 3"],
    },
    { what: 'a transaction that a procedure began', statements: ['call begins()'] },
    {
      what: 'a transaction of a procedure that failed',
      statements: ['call begins_and_fails()'],
      fails: true,
    },
    {
      what: 'a script that ends in a SELECT',
      statements: ["begin; update plan set name = 'uncommitted' where id < 3; select 1"],
    },
    {
      what: 'a script that ends in an error',
      statements: ["begin; update plan set name = 'uncommitted' where id < 3; select nothing from nowhere"],
      fails: true,
    },
    {
      what: 'a distributed transaction',
      statements: ["xa start 'x'", "update plan set name = 'uncommitted' where id < 3"],
    },
    { what: 'LOCK TABLES', statements: ['lock tables unrelated write'] },
    { what: 'LOCK TABLES of the table, for reading', statements: ['lock tables plan read'] },
  ]
}

/** Forms of READ UNCOMMITTED that hold for the next transaction alone, which no variable shows. */
export const nextUncommitted: readonly string[] = [
  `set transaction ${level} read uncommitted`,
  `set/**/transaction ${level} read uncommitted`,
  `/* hint */ -- note
    set transaction ${level} read uncommitted`,
  `/*!50000 set transaction ${level} read uncommitted */`,
  `/*! set */ transaction ${level} read /* so */ uncommitted`,
]

/** Does it to a session. */
export async function alter(
  held: Kysely<AnyDB>,
  { statements, fails = false }: Pick<Alteration, 'statements' | 'fails'>,
): Promise<void> {
  for (const [index, statement] of statements.entries()) {
    const sent = sql.raw(statement).execute(held)
    if (fails && index === statements.length - 1) await assert.rejects(sent)
    else await sent
  }
}

/** Everything that repositories can say of `plan`, by each way. */
export async function readPlans(repos: AnyRepositories): Promise<object> {
  const plan = repos.plan!
  return {
    row: { ...(await plan.findByKey(1)) },
    byCode: { ...(await plan.findByKey({ code: 'ü' })) },
    both: (await plan.findByKeys([2, 1])).map((row) => row?.name),
    absent: (await plan.findByKey({ code: '😀' })) ?? null,
    list: (await plan.findAllBy({ at: '2020-01-02 03:04:05' })).map((row) => row.name),
  }
}

export const PLANS = {
  row: { id: 1, name: 'Free', code: 'ü', at: new Date('2020-01-02T03:04:05Z') },
  byCode: { id: 1, name: 'Free', code: 'ü', at: new Date('2020-01-02T03:04:05Z') },
  both: ['Team', 'Free'],
  absent: null,
  list: ['Free', 'Team', 'Firm'],
}
