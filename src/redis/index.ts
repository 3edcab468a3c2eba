export type { RedisPubSub, RedisSubscription, RedisSubscriptionEvents } from './redis-adapter.ts'
export { type RedisDoorbellOptions, redisDoorbell } from './redis-doorbell.ts'
export type { NodeRedisClient, RedisSource } from './redis-source.ts'
