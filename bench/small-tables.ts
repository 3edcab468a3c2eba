/** Small tables, for what a scope costs that has many. */
export const SMALL_TABLES = Array.from({ length: 40 }, (_, index) => `small_${index}`)
