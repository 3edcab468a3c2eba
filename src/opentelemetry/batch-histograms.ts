import { type Attributes, context, type Meter, type Span, trace } from '@opentelemetry/api'
import type { BatchMessage } from '../diagnostics/messages.ts'
import { BATCH_SIZE_BOUNDS } from '../diagnostics/stats.ts'
import { errorAttributes, readAttributes } from './attributes.ts'

/** The bucket boundaries (seconds) that the conventions prescribe. */
const DURATION_BOUNDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]

export interface Measured {
  readonly batch: BatchMessage
  readonly seconds: number
  readonly span: Span
  readonly added: Attributes | undefined
}

/** Records the duration and size of a batch, with its span as an exemplar. */
export function createMeasure(meter: Meter): (measured: Measured) => void {
  const duration = meter.createHistogram('db.client.operation.duration', {
    description: 'Duration of database client operations.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BOUNDS },
  })
  const size = meter.createHistogram('kysely_lookup.batch.size', {
    description: 'Keys sent by a batch.',
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
