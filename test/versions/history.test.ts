import { describe, it } from 'node:test'
import { flagsOf, runShortForm, type ShortForm } from '../history/short-form.ts'

describe('several processes that read and write one table', () => {
  const forms: readonly ShortForm[] = [
    { mode: 'versioned' },
    { mode: 'versioned', slots: [1, 2, 16] },
    { mode: 'expiring' },
  ]
  for (const form of forms) {
    const name = flagsOf(form).join(' ').replaceAll('--', '')
    it(`see nothing uncommitted or older than the bound, never go back, and keep every request stable: ${name}`, (t) =>
      runShortForm(t, form))
  }
})
