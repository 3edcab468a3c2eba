/**
 * A process that serves a file system by FUSE: an empty folder of the user that runs it. Its argument is where; it says when it is there,
 * and serves until it is killed.
 */
import { spawnSync } from 'node:child_process'
import { openSync, readSync, writeSync } from 'node:fs'

const [folder] = process.argv.slice(2) as [string]
const device = openSync('/dev/fuse', 'r+')
const options = `fd=3,rootmode=40000,user_id=${process.getuid!()},group_id=${process.getgid!()}`
const { status } = spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'test', folder], {
  stdio: ['ignore', 'inherit', 'inherit', device],
})
if (status !== 0) process.exit(1)
console.log('served')

const [LOOKUP, FORGET, GETATTR, STATFS, INIT, FORGET_MANY] = [1, 2, 3, 17, 26, 42]
const [NO_ENTRY, NOT_IMPLEMENTED] = [-2, -38]

function init(): Buffer {
  const answer = Buffer.alloc(64)
  answer.writeUInt32LE(7, 0)
  answer.writeUInt32LE(31, 4)
  answer.writeUInt32LE(4_096, 20)
  return answer
}

function attributes(): Buffer {
  const answer = Buffer.alloc(104)
  answer.writeBigUInt64LE(1n, 16)
  answer.writeUInt32LE(0o040700, 76)
  answer.writeUInt32LE(2, 80)
  answer.writeUInt32LE(process.getuid!(), 84)
  answer.writeUInt32LE(process.getgid!(), 88)
  return answer
}

const request = Buffer.alloc(256 * 1_024)
for (;;) {
  readSync(device, request)
  const code = request.readUInt32LE(4)
  if (code === FORGET || code === FORGET_MANY) continue
  const known = new Map([
    [INIT, init()],
    [GETATTR, attributes()],
    [STATFS, Buffer.alloc(80)],
  ]).get(code)
  const answer = known ?? Buffer.alloc(0)
  const header = Buffer.alloc(16)
  header.writeUInt32LE(16 + answer.length, 0)
  header.writeInt32LE(known ? 0 : code === LOOKUP ? NO_ENTRY : NOT_IMPLEMENTED, 4)
  request.copy(header, 8, 8, 16)
  writeSync(device, Buffer.concat([header, answer]))
}
