export type {
  RedisCommands,
  RedisPubSub,
  RedisSubscription,
  RedisSubscriptionEvents,
} from './redis-adapter.ts'
export { type RedisDoorbellOptions, redisDoorbell } from './redis-doorbell.ts'
export type { NodeRedisClient, RedisSource } from './redis-source.ts'
export { redisStore } from './redis-store.ts'
export type { RedisStoreOptions } from './redis-store-options.ts'
