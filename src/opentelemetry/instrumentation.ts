import {
  type Attributes,
  type Context,
  context,
  type Link,
  type MeterProvider,
  metrics,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  type TracerProvider,
  trace,
} from '@opentelemetry/api'
import { batchChannel, loadChannel } from '../diagnostics/channels.ts'
import type { BatchMessage, LoadMessage } from '../diagnostics/messages.ts'
import { databaseAttributes, errorAttributes, errorMessage, readAttributes } from './attributes.ts'
import { createMeasure } from './batch-histograms.ts'
import { createSpanParents } from './span-parents.ts'

/**
 * The options of `instrumentLookups`.
 *
 * @example
 * ```ts
 * instrumentLookups({ attributes: { 'service.name': 'shop' }, loads: true })
 * ```
 */
export interface InstrumentationOptions {
  /**
   * The tracer provider to use (default: the registered one).
   *
   * @example
   * ```ts
   * import { trace } from '@opentelemetry/api'
   *
   * instrumentLookups({ tracerProvider: trace.getTracerProvider() })
   * ```
   */
  readonly tracerProvider?: TracerProvider
  /**
   * The meter provider to use (default: the one registered when {@link instrumentLookups} is called).
   *
   * @example
   * ```ts
   * import { metrics } from '@opentelemetry/api'
   *
   * instrumentLookups({ meterProvider: metrics.getMeterProvider() })
   * ```
   */
  readonly meterProvider?: MeterProvider
  /**
   * Attributes of every span and measurement (default none). They override detected values such as `server.address`.
   *
   * @example
   * ```ts
   * instrumentLookups({ attributes: { 'server.address': 'primary.example' } })
   * ```
   */
  readonly attributes?: Attributes
  /**
   * Whether spans have the statement's text, which contains no values (default true).
   *
   * @example
   * ```ts
   * instrumentLookups({ queryText: false })
   * ```
   */
  readonly queryText?: boolean
  /**
   * Whether each call that no cache could answer gets a span of its own, linked to its batch (default false).
   *
   * @example
   * ```ts
   * instrumentLookups({ loads: true })
   * ```
   */
  readonly loads?: boolean
}

/**
 * Instrumentation that runs until you stop it, or until a `using` block ends.
 *
 * @example
 * ```ts
 * using lookups: Instrumentation = instrumentLookups()
 * ```
 */
export interface Instrumentation extends Disposable {
  /**
   * Ends the instrumentation. Never throws.
   *
   * @example
   * ```ts
   * const lookups = instrumentLookups()
   * process.once('SIGTERM', () => lookups.stop())
   * ```
   */
  stop(): void
}

/** The name of the tracer and of the meter. */
export const SCOPE = 'kysely-lookup'

/** A running batch. */
interface Sending {
  readonly span: Span
  readonly began: number
}

/**
 * Creates a span for each batch of the process, and measures how long batches take (`db.client.operation.duration`, seconds) and
 * how many keys they send (`kysely_lookup.batch.size`). Call it once, after the SDK is registered. Without an SDK, the API's no-op
 * tracer and meter are called for each batch, and nothing else happens.
 *
 * A batch is the child of the span that asked for its first key, and has links to the others that wait for it. The spans of a
 * driver's instrumentation are its children. Never throws.
 *
 * @example
 * ```ts
 * const lookups = instrumentLookups()
 * process.once('SIGTERM', () => lookups.stop())
 * ```
 */
export function instrumentLookups(options: InstrumentationOptions = {}): Instrumentation {
  const { attributes: added, queryText = true } = options
  const tracer = (options.tracerProvider ?? trace).getTracer(SCOPE)
  const meter = (options.meterProvider ?? metrics).getMeter(SCOPE)
  const measure = createMeasure(meter)
  const parents = createSpanParents()
  const sending = new WeakMap<BatchMessage, Sending>()
  const loading = new WeakMap<LoadMessage, Span>()

  const loads = {
    start(load: LoadMessage) {
      const active = context.active()
      if (!options.loads) {
        parents.note(load, active)
        return
      }
      const span = startLoad(tracer, load, added)
      loading.set(load, span)
      parents.note(load, trace.setSpan(active, span))
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
      const { parent, links } = parents.of(batch)
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
