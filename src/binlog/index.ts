export { type BinlogDoorbellOptions, binlogDoorbell } from './binlog-doorbell.ts'
