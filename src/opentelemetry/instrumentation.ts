import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Meter,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { type BatchMessage, batchChannel, type LoadMessage, loadChannel } from '../diagnostics/channels.ts'
import { BATCH_SIZE_BOUNDS } from '../diagnostics/stats.ts'
import { databaseAttributes, errorAttributes, errorMessage, readAttributes } from './attributes.ts'
import { createAskedContexts } from './span-parents.ts'

export interface InstrumentationOptions {
  /** Instead of the one that is registered. */
  readonly tracerProvider?: TracerProvider
  /** Instead of the one that is registered when {@link instrumentLookups} is called. */
  readonly meterProvider?: MeterProvider
  /** Added to every span and measurement; they win over those that were found out, such as `server.address`. */
  readonly attributes?: Attributes
  /** Whether batches have the text of their statement, which holds no values (default true). */
  readonly queryText?: boolean
  /** Whether each call that no cache could answer has a span of its own, which is linked to its batch (default false). */
  readonly loads?: boolean
}

/** What goes on until it is stopped. */
export interface Instrumentation extends Disposable {
  stop(): void
}

/** The name of the tracer and the meter. */
export const SCOPE = 'kysely-lookup'

/** A batch under way. */
interface Sending {
  readonly span: Span
  readonly began: number
}

/** The boundaries (seconds) that the conventions ask for. */
const DURATION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

/**
 * Makes spans of all batches of the process, and measures how long they take (`db.client.operation.duration`, seconds)
 * and how many keys they send (`kysely_lookup.batch.size`). Call it once, when the SDK is registered. Without an SDK the
 * API's own no-op tracer and meter are called for each batch, and nothing comes of it.
 *
 * A batch is the child of the span that asked for its first key, and linked to the others that wait for it; the span of
 * a driver's instrumentation is its child.
 */
export function instrumentLookups(options: InstrumentationOptions = {}): Instrumentation {
  const { attributes: added, queryText = true } = options
  const tracer = (options.tracerProvider ?? trace).getTracer(SCOPE)
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE)
  const measure = createMeasure(meter)
  const contexts = createAskedContexts()
  const sending = new WeakMap<BatchMessage, Sending>()
  const loading = new WeakMap<LoadMessage, Span>()

  const loads = {
    start(load: LoadMessage) {
      const active = context.active()
      if (!options.loads) {
        contexts.note(load, active)
        return
      }
      const span = startLoad(tracer, load, added)
      loading.set(load, span)
      contexts.note(load, trace.setSpan(active, span))
    },
    end() {},
    asyncStart() {},
    asyncEnd(load: LoadMessage) {
      const span = loading.get(load)
      if (!span) return
      const batch = load.batch && sending.get(load.batch)
      if (batch) span.addLink({ context: batch.span.spanContext() })
      end(span, load)
    },
    error() {},
  }

  const batches = {
    start(batch: BatchMessage) {
      const { parent, links } = contexts.of(batch)
      const span = startBatch(tracer, batch, { links, parent, added })
      const within = trace.setSpan(parent, span)
      const { run } = batch
      batch.run = (send) => context.with(within, () => (run ? run(send) : send()))
      sending.set(batch, { span, began: performance.now() })
    },
    end() {},
    asyncStart() {},
    asyncEnd(batch: BatchMessage) {
      const sent = sending.get(batch)
      if (!sent) return
      const { span, began } = sent
      measure({ batch, seconds: (performance.now() - began) / 1_000, span, added })
      const known = { ...databaseAttributes(batch.database), 'kysely_lookup.rows': batch.rows, ...added }
      const texts = [...new Set(batch.statements)].join('; ')
      span.setAttributes(queryText && texts !== '' ? { ...known, 'db.query.text': texts } : known)
      end(span, batch)
    },
    error() {},
  }

  loadChannel.subscribe(loads)
  batchChannel.subscribe(batches)
  const stop = () => {
    loadChannel.unsubscribe(loads)
    batchChannel.unsubscribe(batches)
  }
  return { stop, [Symbol.dispose]: stop }
}

function startBatch(
  tracer: Tracer,
  batch: BatchMessage,
  options: { readonly links: Link[]; readonly parent: Context; readonly added: Attributes | undefined },
): Span {
  const { links, parent, added } = options
  const { table, index, keys, loads, inTransaction } = batch
  const attributes = {
    ...readAttributes(batch),
    'kysely_lookup.index': index,
    'kysely_lookup.keys': keys,
    'kysely_lookup.loads': loads.length,
    'kysely_lookup.in_transaction': inTransaction,
    ...added,
  }
  return tracer.startSpan(`SELECT ${table}`, { kind: SpanKind.CLIENT, attributes, links }, parent)
}

function startLoad(tracer: Tracer, { table, index }: LoadMessage, added: Attributes | undefined): Span {
  const attributes = { 'db.collection.name': table, 'kysely_lookup.index': index, ...added }
  return tracer.startSpan(`load ${table}`, { kind: SpanKind.INTERNAL, attributes })
}

function end(span: Span, step: object): void {
  if ('error' in step) {
    span.setAttributes(errorAttributes(step.error))
    const message = errorMessage(step.error)
    span.setStatus({ code: SpanStatusCode.ERROR, ...(message && { message }) })
  }
  span.end()
}

interface Measured {
  readonly batch: BatchMessage
  readonly seconds: number
  readonly span: Span
  readonly added: Attributes | undefined
}

/** Records what a batch took and sent, with its span as an exemplar. */
function createMeasure(meter: Meter): (measured: Measured) => void {
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS },
  })
  const size = meter.createHistogram('kysely_lookup.batch.size', {
    description: 'Keys that a batch has sent.',
    unit: '{key}',
    advice: { explicitBucketBoundaries: [...BATCH_SIZE_BOUNDS] },
  })
  return ({ batch, seconds, span, added }) => {
    const within = trace.setSpan(context.active(), span)
    const attributes = { ...readAttributes(batch), ...added }
    const failure = 'error' in batch ? errorAttributes(batch.error) : {}
    duration.record(seconds, { ...attributes, ...failure }, within)
    if (batch.kind !== 'table') size.record(batch.keys, attributes, within)
  }
}
