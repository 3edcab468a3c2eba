import { byId } from '/lookups/element.js'
import { startLookups } from '/lookups/lookups.js'

/** Shows the page of kysely-lookup/page within this one: its own elements, filled by its own module. */
export async function showLookupPage(): Promise<void> {
  const page = await fetch('/lookups/')
  const { body } = new DOMParser().parseFromString(await page.text(), 'text/html')
  byId('lookups-page', HTMLElement).replaceWith(...body.querySelector('main')!.children)
  startLookups()
}
