import { type Browser, chromium } from 'playwright-core'
import { findProgram } from '../../../src/testing/server/server-program.ts'
import { closedAfterFile } from '../closing.ts'
import { canInstallPackages, installPackage } from '../debian-package.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** Of itself the browser calls nobody, and whatever a page names is not found beyond this machine. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
]

/** The machine's Chromium, without a window and with an empty profile that is gone afterwards; installed where Debian has it. */
export async function openBrowser(): Promise<Browser> {
  return closedAfterFile(await chromium.launch({ executablePath: await chromiumProgram(), args: FLAGS }))
}

async function chromiumProgram(): Promise<string> {
  const program = await findProgram(NAMES)
  if (program !== undefined) return program
  if (await canInstallPackages()) {
    const why = 'No Chromium here'
    await installPackage({ pattern: '^chromium$', name: 'chromium', why, log: (line) => console.error(line) })
    const installed = await findProgram(NAMES)
    if (installed !== undefined) return installed
  }
  throw new Error(
    `Expected a Chromium to look at the page with, and found none of ${NAMES.join(', ')}. Install one.`,
  )
}
