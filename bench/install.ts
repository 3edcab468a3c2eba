import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Installs the peers, where they are not, and generates Prisma's client. */
export function installPeers(): void {
  // npm writes this file last.
  const installed = modified('node_modules/.package-lock.json')
  if (installed < modified('package-lock.json')) {
    console.log('Installing what is compared with (npm ci in bench/)')
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'])
  }
  if (modified('peers/prisma/generated/client.ts') < modified('peers/prisma/schema.prisma')) {
    run(
      process.execPath,
      ['node_modules/prisma/build/index.js', 'generate', '--schema', 'peers/prisma/schema.prisma'],
      {
        // Generating needs no schema engine, and would download one.
        PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
        CHECKPOINT_DISABLE: '1',
      },
    )
  }
}

function modified(name: string): number {
  return existsSync(folder + name) ? statSync(folder + name).mtimeMs : 0
}

function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  const { status } = spawnSync(command, args, {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  })
  if (status !== 0) throw new Error(`${command} ${args[0]} failed in bench/`)
}
