import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type Context,
  type ContextManager,
  context,
  ROOT_CONTEXT,
  type Span,
  type Tracer,
} from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace'

/** The SDK as a service sets it up, with exporters that keep what they get. */
export interface Telemetry extends AsyncDisposable {
  readonly tracerProvider: TracerProvider
  readonly meterProvider: MeterProvider
  /** Of the application under test. */
  readonly tracer: Tracer
  /** The spans of the library that have ended. */
  spans(): ReadableSpan[]
  /** What is exported now of a metric: by its attributes, as JSON. */
  metric(name: string): Promise<MetricData | undefined>
  /** Runs `fn` in a span of the application, as instrumented HTTP servers do, and answers the span. */
  within(name: string, fn: () => unknown): Promise<Span>
}

export function startTelemetry(options: { readonly sampler?: Sampler } = {}): Telemetry {
  context.setGlobalContextManager(contextManager)
  const spanExporter = new InMemorySpanExporter()
  const metricExporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const tracerProvider = new TracerProvider({
    ...options,
    spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })],
  })
  const reader = new PeriodicExportingMetricReader({
    exporter: metricExporter,
    exportIntervalMillis: 2 ** 31 - 1,
  })
  const meterProvider = new MeterProvider({ readers: [reader] })
  const tracer = tracerProvider.getTracer('application')
  return {
    tracerProvider,
    meterProvider,
    tracer,
    spans: () =>
      spanExporter
        .getFinishedSpans()
        .filter(({ instrumentationScope }) => instrumentationScope.name === 'kysely-lookup'),
    async metric(name) {
      metricExporter.reset()
      await reader.forceFlush()
      const scopes = metricExporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics)
      return scopes.flatMap(({ metrics }) => metrics).find(({ descriptor }) => descriptor.name === name)
    },
    within: (name, fn) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          await fn()
        } finally {
          span.end()
        }
        return span
      }),
    async [Symbol.asyncDispose]() {
      await tracerProvider.shutdown()
      await meterProvider.shutdown()
      context.disable()
    },
  }
}

const active = new AsyncLocalStorage<Context>()

/** What @opentelemetry/context-async-hooks does. */
const contextManager: ContextManager = {
  active: () => active.getStore() ?? ROOT_CONTEXT,
  with: (within, fn, thisArg, ...args) => active.run(within, () => fn.apply(thisArg as never, args)),
  bind: (within, target) =>
    typeof target === 'function'
      ? (active.run(within, () => AsyncLocalStorage.bind(target as never)) as typeof target)
      : target,
  enable: () => contextManager,
  disable: () => contextManager,
}
