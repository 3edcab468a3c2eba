import { spawn } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram } from '../../src/testing/server/server-program.ts'

/** Whether this is Debian, Ubuntu or one of their kin, and we are root. */
export async function canInstallPackages(): Promise<boolean> {
  if (process.getuid?.() !== 0 || (await findProgram(['apt-get'])) === undefined) return false
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release)
}

/** A package, by the pattern of its name: older releases have the version in some names. */
export interface WantedPackage {
  /** A regular expression of apt-cache. Of the names that it finds the first is taken. */
  readonly pattern: string
  /** What the name is where none is found, for apt's message. */
  readonly name: string
  /** Told why and what is installed, before it is. */
  readonly log: (line: string) => void
  readonly why: string
}

/** Installs a package and what it needs. */
export async function installPackage({ pattern, name, log, why }: WantedPackage): Promise<void> {
  log(`${why}: installing the package ${name} with apt-get.`)
  // Lists and archives of our own: apt has no time-out for the locks on the host's, only for dpkg's.
  const folder = await mkdtemp(join(tmpdir(), 'kysely-lookup-apt-'))
  await chmod(folder, 0o755) // apt downloads as its own user
  try {
    await mkdir(join(folder, 'lists/partial'), { recursive: true })
    await mkdir(join(folder, 'cache/archives/partial'), { recursive: true })
    const apt = [
      `-oDir::State::lists=${folder}/lists`,
      `-oDir::Cache=${folder}/cache`,
      '-oDPkg::Lock::Timeout=600',
      '-oAcquire::Retries=3',
      '-oAcquire::Languages=none',
    ]
    await run('apt-get', [...apt, '-qq', 'update'])
    const found = await run('apt-cache', [...apt, 'search', '--names-only', pattern])
    // The plain name sorts first.
    const best = found.match(/^\S+/gm)?.sort()[0] ?? name
    await run('apt-get', [...apt, '-qq', '-y', '--no-install-recommends', 'install', best])
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs a command to its end; rejects with its last lines when it fails. */
function run(command: string, args: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
  })
  let output = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  child.once('error', reject)
  child.once('close', (code) => {
    if (code === 0) resolve(output)
    else {
      const tail = (errors || output).trim().split('\n').slice(-5).join('\n')
      reject(new Error(`${command} ${args.at(-1)} failed (exit code ${code}):\n${tail}`))
    }
  })
  return promise
}
