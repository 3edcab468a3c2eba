export type { StatsSource } from '../diagnostics/stats.ts'
export { type Instrumentation, type InstrumentationOptions, instrumentLookups } from './instrumentation.ts'
export { observeStats, type StatsObserverOptions } from './stats-observer.ts'
