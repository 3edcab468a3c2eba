import {
  type Channel,
  channel,
  type TracingChannelSubscribers,
  tracingChannel,
} from 'node:diagnostics_channel'
import type { BatchMessage, LoadMessage, PollMessage, RefreshMessage } from './messages.ts'

/** Node's `TracingChannel`, whose type parameters depend on the version of `@types/node`. */
export interface MessageChannel<Message extends object> {
  readonly hasSubscribers: boolean
  subscribe(subscribers: TracingChannelSubscribers<Message>): void
  unsubscribe(subscribers: TracingChannelSubscribers<Message>): void
  tracePromise(work: () => Promise<void>, message: Message): Promise<void>
}

export const loadChannel: MessageChannel<LoadMessage> = tracingChannel('kysely-lookup:load')
export const batchChannel: MessageChannel<BatchMessage> = tracingChannel('kysely-lookup:batch')
export const pollChannel: MessageChannel<PollMessage> = tracingChannel('kysely-lookup:poll')
export const refreshChannel: MessageChannel<RefreshMessage> = tracingChannel('kysely-lookup:refresh')
export const evictChannel = channel('kysely-lookup:evict')
export const generationChannel = channel('kysely-lookup:generation')
export const unverifiedChannel = channel('kysely-lookup:unverified')
export const verifiedChannel = channel('kysely-lookup:verified')
export const doorbellChannel = channel('kysely-lookup:doorbell')
export const storeChannel = channel('kysely-lookup:store')

/** Publishes the message, which is only built if there are subscribers. */
export function publish<Message>(to: Channel, message: () => Message): void {
  if (to.hasSubscribers) to.publish(message())
}

/** Runs `work` as a step of the channel. The result is not published, because it may be rows. */
export async function trace<Message extends object, Result>(
  on: MessageChannel<Message>,
  message: Message,
  work: () => Promise<Result>,
): Promise<Result> {
  let result: Result
  await on.tracePromise(async () => {
    result = await work()
  }, message)
  return result!
}
