import assert from 'node:assert/strict'
import { tracingChannel } from 'node:diagnostics_channel'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { AlwaysOnSampler, type ReadableSpan, type Sampler, SamplingDecision } from '@opentelemetry/sdk-trace'
import { createDatabase } from '../../src/index.ts'
import { type InstrumentationOptions, instrumentLookups } from '../../src/opentelemetry/index.ts'
import { type AnyDB, COUNTRIES, type Lookups, lookups } from '../support/lookups.ts'
import { makeTables, SECRET, startApplication } from '../support/outage/outage.ts'
import { startRestartableServer } from '../support/outage/restartable-server.ts'
import { createHoldingPool } from '../support/races/held-statements.ts'
import { KEYS_FROM, readStatementForms } from '../support/statement-forms.ts'
import { startTelemetry, type Telemetry } from '../support/telemetry/telemetry.ts'

describe('OpenTelemetry spans', () => {
  let data: Lookups
  let telemetry: Telemetry
  let stop = () => {}

  before(async () => {
    data = await lookups(COUNTRIES)
  })
  after(() => data[Symbol.asyncDispose]())

  function start(options: InstrumentationOptions & { readonly sampler?: Sampler } = {}): void {
    const { sampler, ...more } = options
    telemetry = startTelemetry(sampler && { sampler })
    stop = instrumentLookups({ tracerProvider: telemetry.tracerProvider, ...more }).stop
  }

  beforeEach(() => start())
  afterEach(async () => {
    stop()
    await telemetry[Symbol.asyncDispose]()
  })

  async function restart(...given: Parameters<typeof start>): Promise<void> {
    stop()
    await telemetry[Symbol.asyncDispose]()
    start(...given)
  }

  /** Repositories whose set-up has been checked: what follows is lookups alone. */
  async function ready() {
    const repos = data.repositories()
    await repos.$ready()
    return repos
  }

  const idOf = (span: Pick<ReadableSpan, 'spanContext'>) => span.spanContext().spanId
  const parentOf = (span: ReadableSpan | undefined) => span?.parentSpanContext?.spanId
  const linksOf = (span: ReadableSpan | undefined) => span?.links.map(({ context }) => context.spanId)

  /** The only span that was exported. */
  function theSpan(): ReadableSpan {
    const [span, ...others] = telemetry.spans()
    assert.deepEqual(others, [])
    assert.ok(span)
    return span
  }

  it('a batch is a child of the span that asked, by the conventions for databases', async () => {
    const repos = await ready()
    const asker = await telemetry.within('GET /', () => repos.country!.findByKeys(['FR', 'XX']))
    const span = theSpan()
    assert.deepEqual([span.name, span.kind], ['SELECT country', SpanKind.CLIENT])
    assert.deepEqual([parentOf(span), span.links], [idOf(asker), []])
    assert.equal(span.status.code, SpanStatusCode.UNSET)
    const { hostname, port } = new URL(data.test.url)
    const { 'db.query.text': text, ...attributes } = span.attributes
    const [form] = await readStatementForms()
    assert.match(String(text), /^select k\.o, t\.`code` c0, /)
    assert.ok(String(text).includes(KEYS_FROM[form]), String(text))
    assert.deepEqual(attributes, {
      'db.system.name': data.test.system,
      'db.namespace': data.test.name,
      'db.collection.name': 'country',
      'db.operation.name': 'SELECT',
      'server.address': hostname,
      'server.port': Number(port),
      'kysely_lookup.index': 'PRIMARY',
      'kysely_lookup.keys': 2,
      'kysely_lookup.loads': 2,
      'kysely_lookup.in_transaction': false,
      'kysely_lookup.rows': 1,
    })
  })

  it('a batch of several requests is a child of the first and linked to the others', async () => {
    const repos = await ready()
    const ask = (name: string, ...keys: string[]) =>
      telemetry.within(name, () => repos.$request(() => repos.country!.findByKeys(keys)))
    const [first, ...others] = await Promise.all([ask('1', 'FR', 'DE'), ask('2', 'FR'), ask('3', 'JP')])
    const span = theSpan()
    assert.equal(span.spanContext().traceId, first.spanContext().traceId)
    assert.deepEqual([parentOf(span), linksOf(span)], [idOf(first), others.map(idOf)])
    assert.deepEqual([span.attributes['kysely_lookup.keys'], span.attributes['kysely_lookup.loads']], [3, 4])
  })

  it('concurrent spans of one request are told apart, although DataLoader asks for them', async () => {
    const repos = await ready()
    const resolvers = await repos.$request(() =>
      Promise.all([
        telemetry.within('resolve FR', () => repos.country!.findByKey('FR')),
        telemetry.within('resolve DE', () => repos.country!.findByKey('DE')),
        telemetry.within('resolve FR again', () => repos.country!.findByKey('FR')),
      ]),
    )
    const span = theSpan()
    const [france, germany] = resolvers.map(idOf)
    assert.deepEqual([parentOf(span), linksOf(span)], [france, [germany]])
  })

  it('keys gathered behind a statement belong to the spans that asked for them', async () => {
    const holding = createHoldingPool(data.test.url)
    await using db = createDatabase<AnyDB>(holding.options)
    const repos = data.repositories({ db })
    await repos.$ready()
    const held = holding.hold(/force index/)
    const first = telemetry.within('first', () => repos.country!.findByKey('FR'))
    await held.waiting
    const second = telemetry.within('second', () => repos.country!.findByKey('DE'))
    held.release()
    const askers = (await Promise.all([first, second])).map(idOf)
    assert.deepEqual(telemetry.spans().map(parentOf), askers)
    assert.deepEqual(telemetry.spans().map(linksOf), [[], []])
  })

  it('a batch is recorded if one of its callers is', async () => {
    const sampler: Sampler = {
      shouldSample: (_context, _traceId, name) => ({
        decision: name === 'unsampled' ? SamplingDecision.NOT_RECORD : SamplingDecision.RECORD_AND_SAMPLED,
      }),
    }
    await restart({ sampler })
    const repos = await ready()
    const ask = (name: string, key: string) => telemetry.within(name, () => repos.country!.findByKey(key))
    const [unsampled, sampled] = await Promise.all([ask('unsampled', 'FR'), ask('sampled', 'DE')])
    const span = theSpan()
    assert.deepEqual([parentOf(span), linksOf(span)], [idOf(sampled), [idOf(unsampled)]])
  })

  it('a batch outside any span begins a trace', async () => {
    const repos = await ready()
    await repos.country!.findByKey('FR')
    assert.equal(parentOf(theSpan()), undefined)
  })

  it("the driver's own spans are children of the batch's", async () => {
    const repos = await ready()
    const during: (string | undefined)[] = []
    const { start } = tracingChannel('mysql2:execute')
    const note = () => during.push(trace.getActiveSpan()?.spanContext().spanId)
    start.subscribe(note)
    try {
      await telemetry.within('GET /', () => repos.country!.findByKey('FR'))
    } finally {
      start.unsubscribe(note)
    }
    assert.deepEqual(during, [idOf(theSpan())])
  })

  it('a whole table, and what a transaction reads, are spans of their callers', async () => {
    const repos = data.repositories({ cache: { country: 'immutable' } })
    await repos.$ready()
    const preloader = await telemetry.within('start', () => repos.country!.preload())
    const writer = await telemetry.within('write', () =>
      repos.$transaction((trx) => trx.country!.findByKey({ alpha3: 'FRA' })),
    )
    const shown = telemetry.spans().map((span) => {
      const { attributes } = span
      return [parentOf(span), attributes['kysely_lookup.rows'], attributes['kysely_lookup.in_transaction']]
    })
    assert.deepEqual(shown, [
      [idOf(preloader), 5, false],
      [idOf(writer), 1, true],
    ])
  })

  it('each miss has a span linked to its batch with `loads`; hits have none', async () => {
    await restart({ loads: true })
    const repos = await ready()
    const requests = await Promise.all(
      ['FR', 'DE'].map((key) =>
        telemetry.within(key, () =>
          repos.$request(async () => {
            await repos.country!.findByKey(key)
            await repos.country!.findByKey(key)
          }),
        ),
      ),
    )
    const [batch, ...loads] = telemetry.spans()
    assert.deepEqual(
      loads.map((span) => [span.name, span.kind, parentOf(span), linksOf(span)]),
      requests.map((request) => ['load country', SpanKind.INTERNAL, idOf(request), [idOf(batch!)]]),
    )
    assert.deepEqual([parentOf(batch), linksOf(batch)], [idOf(loads[0]!), [idOf(loads[1]!)]])
  })

  it("the user's attributes are added, and the text is left out on demand", async () => {
    await restart({ attributes: { 'server.address': 'primary.example' }, queryText: false })
    const repos = await ready()
    await repos.country!.findByKey('FR')
    const { attributes } = theSpan()
    assert.equal(attributes['server.address'], 'primary.example')
    assert.ok(!('db.query.text' in attributes))
  })

  it('a statement that the server refuses is an error with its number', async () => {
    const repos = await ready()
    await data.run('alter table country rename index country_alpha3 to other')
    try {
      await assert.rejects(repos.country!.findByKey({ alpha3: 'FRA' }))
    } finally {
      await data.run('alter table country rename index other to country_alpha3')
    }
    const { status, attributes, events } = theSpan()
    assert.equal(status.code, SpanStatusCode.ERROR)
    assert.match(
      String(status.message),
      /^country: an index .* does not exist any more\. Run kysely-lookup generate\.$/,
    )
    assert.deepEqual([attributes['error.type'], attributes['db.response.status_code']], ['1176', '1176'])
    assert.deepEqual(events, [])
  })

  it("a driver's error is reported by its number alone: its message may hold values", async () => {
    const repos = await ready()
    await data.run('rename table country to gone')
    try {
      await assert.rejects(repos.country!.findByKey('FR'), { errno: 1146 })
    } finally {
      await data.run('rename table gone to country')
    }
    const { status, attributes } = theSpan()
    assert.deepEqual(status, { code: SpanStatusCode.ERROR })
    assert.equal(attributes['error.type'], '1146')
  })

  it('a lost server is an error of this library, without what was asked', async (t) => {
    await using server = await startRestartableServer({ system: data.test.system })
    if (!server) return t.skip(`no ${data.test.system} program here`)
    await using application = startApplication(server, { tables: await makeTables(server) })
    await application.repos.$ready()
    await server.kill()
    await assert.rejects(application.repos.product!.findByKey(SECRET))
    const span = theSpan()
    assert.equal(span.status.code, SpanStatusCode.ERROR)
    assert.match(String(span.status.message), /^product: the connection to the database was lost/)
    assert.equal(span.attributes['error.type'], 'KYSELY_LOOKUP_CONNECTION_LOST')
    assert.ok(!('db.response.status_code' in span.attributes))
    assert.doesNotMatch(inspect(span, { depth: 10 }), new RegExp(SECRET))
  })

  it('no key and no row is in a span', async () => {
    const repos = await ready()
    await repos.country!.findByKeys(['FR', 'XX'])
    await repos.country!.findAllBy({ continent: 'EU' })
    const shown = telemetry
      .spans()
      .map(({ attributes, links, events }) => inspect({ attributes, links, events }))
    assert.equal(shown.length, 2)
    for (const text of shown) assert.doesNotMatch(text, /\bFR\b|\bXX\b|\bEU\b|France/)
  })

  it('ends when it is stopped', async () => {
    const repos = await ready()
    stop()
    await repos.country!.findByKey('FR')
    assert.deepEqual(telemetry.spans(), [])
    assert.equal(tracingChannel('kysely-lookup:batch').hasSubscribers, false)
    assert.equal(tracingChannel('kysely-lookup:load').hasSubscribers, false)
  })
})

describe('without an OpenTelemetry SDK', () => {
  it('lookups work as before, and a provider registered later gets spans', async () => {
    await using data = await lookups(COUNTRIES)
    const repos = data.repositories()
    await repos.$ready()
    using _ = instrumentLookups({ loads: true })
    const read = () => repos.$request(() => repos.country!.findByKeys(['FR', 'DE', 'FR']))
    const counts = await data.counter.during(async () => {
      assert.deepEqual(
        (await read()).map((row) => row?.name),
        ['France', 'Germany', 'France'],
      )
    })
    assert.equal(counts.Com_select, 1)
    await using telemetry = startTelemetry({ sampler: new AlwaysOnSampler() })
    trace.setGlobalTracerProvider(telemetry.tracerProvider)
    try {
      await read()
    } finally {
      trace.disable()
    }
    assert.deepEqual(
      telemetry.spans().map(({ name }) => name),
      ['SELECT country', 'load country', 'load country'],
    )
  })
})
