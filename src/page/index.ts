export type { StatsSource } from '../diagnostics/stats.ts'
export { createLookupPage, type LookupPage, type LookupPageOptions } from './lookup-page.ts'
