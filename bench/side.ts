/** A side of a comparison in a process of its own: `side-process.ts` starts it and asks for its rounds. */
import { Cannot } from './cannot.ts'
import type { Task } from './side-process.ts'

/** What a case makes of a task: something to be measured again and again. */
export interface Measured {
  /** One round; a number in the case's unit, and others that belong to it. */
  round(): Promise<number | Readonly<Record<string, number>>>
  close(): Promise<void>
}

const task: Task = JSON.parse(process.argv[2]!)
const send = (message: object) => process.send!(message)

try {
  const { prepare } = (await import(new URL(`cases/${task.case}-side.ts`, import.meta.url).href)) as {
    prepare(task: Task): Promise<Measured>
  }
  const measured = await prepare(task)
  process.on('message', async (command) => {
    try {
      if (command === 'round') send({ value: await measured.round() })
      else {
        await measured.close()
        process.disconnect()
      }
    } catch (error) {
      send({ error: textOf(error) })
    }
  })
  send({ ready: true })
} catch (error) {
  send(error instanceof Cannot ? { cannot: error.message } : { error: textOf(error) })
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
