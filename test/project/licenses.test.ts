import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (name: string) => readFile(join(root, name), 'utf8')
const manifest = JSON.parse(await read('package.json'))

/** A package as a lock file has it. */
interface Locked {
  readonly license?: string
  readonly dependencies?: Readonly<Record<string, string>>
}

/** They ask for no more than that their text stays with the code. */
const PERMISSIVE = new Set([
  '(MIT AND BSD-3-Clause)',
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'MIT OR Apache-2.0',
  'MIT and ISC',
  'MIT/X11',
  'Unlicense',
])

/** Weak copyleft: run unchanged by who measures, and part of nothing that is published. */
const MEASURED_ONLY = ['elkjs', 'mariadb']

/**
 * What Next.js and NestJS bring: the data of browsers, a library for pictures, and two packages under MIT that say so in an old
 * field. They are part of nothing that is published either.
 */
const TRIED_ONLY = /^(caniuse-lite|@img\/sharp-.*|busboy|streamsearch)$/

describe('the licences', () => {
  it('are MIT for the package, with its text beside it', async () => {
    assert.equal(manifest.license, 'MIT')
    assert.match(
      await read('LICENSE'),
      /^MIT License\n\nCopyright \(c\) \d{4} .+\n\nPermission is hereby granted/,
    )
  })

  it('are permissive for everything that is installed, except what benchmarks compare with and what Next.js and NestJS bring', async () => {
    for (const name of lockFiles()) {
      const isAllowed = (one: string) =>
        name.startsWith('bench/') ? MEASURED_ONLY.includes(one) : isTried(name) && TRIED_ONLY.test(one)
      const others = Object.entries(await locked(name)).filter(
        ([path, { license = 'none named' }]) =>
          path !== '' && !PERMISSIVE.has(license) && !isAllowed(path.replace('node_modules/', '')),
      )
      assert.deepEqual(others, [], name)
    }
  })

  it('are MIT, ISC, BSD or Apache for what users install with the package', async (t) => {
    const packages = await locked('package-lock.json')
    const required = Object.keys(manifest.peerDependencies).filter(
      (name) => !manifest.peerDependenciesMeta[name]?.optional,
    )
    const installed = closure(packages, [...Object.keys(manifest.dependencies), ...required])
    t.diagnostic([...installed].map(([name, license]) => `${name} (${license})`).join(', '))
    assert.ok(installed.has('lru.min'), 'what mysql2 itself needs is in the list')
    assert.deepEqual(
      [...installed].filter(([, license]) => !/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0)$/.test(license)),
      [],
    )
  })

  it('are in DATA-LICENSES.md for the packages that the seeds read, and for their data', async () => {
    const packages = await locked('package-lock.json')
    const text = await read('DATA-LICENSES.md')
    const sources = globSync(['seeds/*.ts', 'reference-data/*.ts'], { cwd: root })
    const imported = new Set<string>()
    for (const source of sources) {
      for (const [, name = ''] of (await read(source)).matchAll(/ from '((?:@[^/']+\/)?[^./'][^/']*)/g)) {
        if (!name.startsWith('node:')) imported.add(name)
      }
    }
    for (const name of ['kysely', 'cli-progress']) assert.ok(imported.delete(name)) // they hold no data
    assert.equal(imported.size, 6)
    for (const name of imported) {
      const license = packages[`node_modules/${name}`]?.license
      assert.ok(text.includes(`[${name}](https://www.npmjs.com/package/${name}) (${license}, ©`), name)
    }
    assert.match(text, /GeoNames, https:\/\/www\.geonames\.org, licensed under CC BY 4\.0/)
    assert.match(text, /https:\/\/creativecommons\.org\/licenses\/by\/4\.0\//)
  })
})

function isTried(lockFile: string): boolean {
  return lockFile.startsWith('test/compatibility/')
}

function lockFiles(): readonly string[] {
  return globSync('**/package-lock.json', {
    cwd: root,
    exclude: (name) => ['node_modules', 'dist'].includes(name),
  }).sort()
}

async function locked(name: string): Promise<Readonly<Record<string, Locked>>> {
  return JSON.parse(await read(name)).packages
}

/** The packages and all that they depend on, with their licences. */
function closure(packages: Readonly<Record<string, Locked>>, names: readonly string[]): Map<string, string> {
  const licenses = new Map<string, string>()
  const visit = (name: string, from: string) => {
    // As Node finds it: in the package's own node_modules, or in those above.
    const nested = `${from}/node_modules/${name}`
    const path = from !== '' && nested in packages ? nested : `node_modules/${name}`
    if (licenses.has(name)) return
    licenses.set(name, packages[path]?.license ?? 'none named')
    for (const dependency of Object.keys(packages[path]?.dependencies ?? {})) visit(dependency, path)
  }
  for (const name of names) visit(name, '')
  return licenses
}
