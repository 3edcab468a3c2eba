import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Cannot } from './cannot.ts'
import type { Side } from './peer.ts'

/** What a side is to do; the case reads its own options from it. */
export interface Task {
  /** `cases/NAME-side.ts`. */
  readonly case: string
  readonly side: Side
  readonly url: string
  readonly options: Readonly<Record<string, string | number | boolean>>
  /** Node's own options, such as `--expose-gc`. */
  readonly node?: readonly string[]
}

export type Sample = number | Readonly<Record<string, number>>

/** Something that is measured round by round. */
export interface SideProcess {
  round(): Promise<Sample>
  stop(): Promise<void>
}

interface Reply {
  readonly value?: Sample
  readonly error?: string
  readonly cannot?: string
}

const program = fileURLToPath(new URL('side.ts', import.meta.url))

/** @throws Cannot where the side does not have what the case asks for. */
export async function startSide(task: Task): Promise<SideProcess> {
  const child = fork(program, [JSON.stringify(task)], { execArgv: [...(task.node ?? [])] })
  const reply = async () => {
    const [message] = (await Promise.race([once(child, 'message'), ended])) as [Reply]
    const name = `${task.case}, ${task.side.module} ${task.side.variant ?? ''}`
    if (message.cannot) throw new Cannot(message.cannot)
    if (message.error) throw new Error(`${name}: ${message.error}`)
    return message.value!
  }
  const ended = once(child, 'exit').then(([code, signal]) => [
    { error: `the process ended (${signal ?? code})` },
  ])
  ended.catch(() => {})
  await reply().catch((error) => {
    child.kill()
    throw error
  })
  return {
    round() {
      child.send('round')
      return reply()
    },
    async stop() {
      if (child.exitCode !== null) return
      child.send('close')
      const killer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await ended
      clearTimeout(killer)
    },
  }
}
