/** The key of the entry that holds every row of a table. Unlike others it may be large. */
export const TABLE_KEY = 't'
