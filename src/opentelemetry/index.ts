export { type Instrumentation, type InstrumentationOptions, instrumentLookups } from './instrumentation.ts'
export { observeStats, type StatsObserverOptions, type StatsSource } from './stats-observer.ts'
