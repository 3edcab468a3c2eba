/** The servers' error numbers, by their names in the manuals of MySQL and MariaDB. */
export const ER_CHECKREAD = 1020
export const ER_DBACCESS_DENIED_ERROR = 1044
export const ER_ACCESS_DENIED_ERROR = 1045
export const ER_TABLE_EXISTS_ERROR = 1050
export const ER_BAD_FIELD_ERROR = 1054
export const ER_TOO_BIG_SELECT = 1104
export const ER_TABLEACCESS_DENIED_ERROR = 1142
export const ER_COLUMNACCESS_DENIED_ERROR = 1143
export const ER_NO_SUCH_TABLE = 1146
export const ER_NET_PACKET_TOO_LARGE = 1153
export const ER_KEY_DOES_NOT_EXIST = 1176
export const ER_UNKNOWN_SYSTEM_VARIABLE = 1193
export const ER_LOCK_WAIT_TIMEOUT = 1205
export const ER_LOCK_DEADLOCK = 1213
export const ER_SPECIFIC_ACCESS_DENIED_ERROR = 1227
/** A savepoint, too. */
export const ER_SP_DOES_NOT_EXIST = 1305
export const ER_VIEW_INVALID = 1356
export const ER_PROCACCESS_DENIED_ERROR = 1370
export const ER_CANT_CREATE_USER_WITH_GRANT = 1410
export const ER_BINLOG_CREATE_ROUTINE_NEED_SUPER = 1419
export const ER_CANT_UPDATE_USED_TABLE_IN_SF_OR_TRG = 1442
/** The user that a trigger belongs to. */
export const ER_NO_SUCH_USER = 1449
export const ER_MAX_PREPARED_STMT_COUNT_REACHED = 1461

/** The server's number for an error; undefined for any other error (those of the operating system are negative). */
export function errorNumber(error: unknown): number | undefined {
  const { errno } = (error ?? {}) as { errno?: unknown }
  return typeof errno === 'number' && errno > 0 ? errno : undefined
}

const DENIED: ReadonlySet<number> = new Set([
  ER_DBACCESS_DENIED_ERROR,
  ER_TABLEACCESS_DENIED_ERROR,
  ER_COLUMNACCESS_DENIED_ERROR,
  ER_SPECIFIC_ACCESS_DENIED_ERROR,
  ER_PROCACCESS_DENIED_ERROR,
  ER_CANT_CREATE_USER_WITH_GRANT,
])

/** Whether an error is about a missing right. */
export function isDenied(error: unknown): boolean {
  return DENIED.has(errorNumber(error) ?? 0)
}
