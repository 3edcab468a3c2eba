import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expectCommand } from '../package/command.ts'
import { filesBelow } from '../package/consumer.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { applyChange, type GuideStep } from './guide.ts'

/** A copy of a project in a temporary folder, in which commands can be run. */
export interface Project extends AsyncDisposable {
  readonly folder: string
  /** Answers what the command printed; rejects where it fails. */
  run(command: string): Promise<string>
  follow(step: GuideStep): Promise<void>
  /** By path the files that are the project's own. */
  files(): Promise<ReadonlyMap<string, string>>
}

export interface ProjectOptions {
  readonly template: string
  readonly databaseUrl: string
  /** What `npm install NAME` installs in place of the published package of that name. */
  readonly tarballs: Readonly<Record<string, string>>
}

export async function createProject({ template, databaseUrl, tarballs }: ProjectOptions): Promise<Project> {
  const temporary = await createTemporaryFolder('adoption')
  const folder = temporary.path
  await cp(template, folder, { recursive: true })

  async function run(command: string): Promise<string> {
    const [, name = ''] = /^npm install (\S+)$/.exec(command) ?? []
    const actual = tarballs[name] ? `npm install ${tarballs[name]}` : command
    return await expectCommand({
      program: 'sh',
      args: ['-c', actual],
      cwd: folder,
      env: { DATABASE_URL: databaseUrl, npm_config_prefer_offline: 'true', npm_config_audit: 'false' },
    })
  }

  return {
    folder,
    run,
    async follow(step) {
      if (step.kind === 'command') await run(step.command)
      else if (step.kind === 'change') await applyChange(folder, step)
      else await writeFile(join(folder, step.file), step.content)
    },
    async files() {
      const own = (name: string) => !/^(node_modules\/|package-lock\.json$)/.test(name)
      const names = (await filesBelow(folder)).filter(own)
      return new Map(await Promise.all(names.map(async (name) => [name, await read(folder, name)] as const)))
    },
    [Symbol.asyncDispose]: temporary[Symbol.asyncDispose],
  }
}

function read(folder: string, name: string): Promise<string> {
  return readFile(join(folder, name), 'utf8')
}
