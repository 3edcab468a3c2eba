import {
  type Context,
  context,
  type Link,
  ROOT_CONTEXT,
  type SpanContext,
  TraceFlags,
  trace,
} from '@opentelemetry/api'
import type { BatchMessage, LoadMessage } from '../diagnostics/channels.ts'

/** In which contexts loads were asked for. */
export interface AskedContexts {
  /** Notes the context that is active for a load. */
  note(load: LoadMessage, asked: Context): void
  /** Where a batch belongs: whose child it is, and which other spans wait for it. */
  of(batch: BatchMessage): { readonly parent: Context; readonly links: Link[] }
}

export function createAskedContexts(): AskedContexts {
  const contexts = new WeakMap<LoadMessage, Context>()
  return {
    note(load, asked) {
      contexts.set(load, asked)
    },
    of({ kind, loads }) {
      // Who reads a whole table does it on its own behalf. What is active when keys are sent is whoever asked first, or
      // the batch before.
      if (kind === 'table') return { parent: context.active(), links: [] }
      const bySpan = new Map<string, { readonly asked: Context; readonly span: SpanContext }>()
      for (const load of loads) {
        const asked = contexts.get(load)
        const span = asked && trace.getSpanContext(asked)
        if (span && trace.isSpanContextValid(span)) {
          const id = `${span.traceId} ${span.spanId}`
          if (!bySpan.has(id)) bySpan.set(id, { asked, span })
        }
      }
      const spans = [...bySpan.values()]
      // A child of a span that is not recorded would not be either, though another is waiting for it that is.
      const parent = spans.find(({ span }) => span.traceFlags & TraceFlags.SAMPLED) ?? spans[0]
      const others = spans.filter((one) => one !== parent)
      return {
        parent: parent?.asked ?? ROOT_CONTEXT,
        links: others.map(({ span }) => ({ context: span })),
      }
    },
  }
}
