import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import type { BatchMessage, LoadMessage } from '../diagnostics/messages.ts'

/** The contexts of loads, from which the parents and links of their batches follow. */
export interface SpanParents {
  /** Notes the context of a load. */
  note(load: LoadMessage, loadContext: Context): void
  /** The parent of a batch, and links to the other spans that wait for it. */
  of(batch: BatchMessage): { readonly parent: Context; readonly links: Link[] }
}

export function createSpanParents(): SpanParents {
  const contexts = new WeakMap<LoadMessage, Context>()
  return {
    note(load, loadContext) {
      contexts.set(load, loadContext)
    },
    of({ kind, loads }) {
      // A whole table is read for its caller, which is active now. When keys are sent, the active context is that of the first
      // caller, or of the batch before.
      if (kind === 'table') return { parent: context.active(), links: [] }
      const bySpan = new Map<string, { readonly loadContext: Context; readonly span: SpanContext }>()
      for (const load of loads) {
        const loadContext = contexts.get(load)
        const span = loadContext && trace.getSpanContext(loadContext)
        if (span && trace.isSpanContextValid(span)) {
          const id = `${span.traceId} ${span.spanId}`
          if (!bySpan.has(id)) bySpan.set(id, { loadContext, span })
        }
      }
      const spans = [...bySpan.values()]
      // A child of a span that is not recorded is not recorded either, even if another span that waits for it is.
      const parent = spans.find(({ span }) => span.traceFlags & TraceFlags.SAMPLED) ?? spans[0]
      const others = spans.filter((one) => one !== parent)
      return {
        parent: parent?.loadContext ?? ROOT_CONTEXT,
        links: others.map(({ span }) => ({ context: span })),
      }
    },
  }
}
