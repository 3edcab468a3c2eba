import { byId } from './element.ts'

type Theme = 'auto' | 'light' | 'dark'

const STORED = 'kysely-lookup:theme'
/** The key under which GraphiQL stores its own choice. */
const GRAPHIQL_STORED = 'graphiql:theme'

/** The system's color scheme, unless the user has chosen one. */
export function startTheme(): void {
  const choice = byId('theme', HTMLElement)
  const buttons = [...choice.querySelectorAll('button')]

  function apply(theme: Theme): void {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    for (const button of buttons) button.ariaPressed = String(button.dataset.theme === theme)
    if (theme === 'auto') localStorage.removeItem(GRAPHIQL_STORED)
    else localStorage.setItem(GRAPHIQL_STORED, theme)
  }

  function choose(theme: Theme): void {
    localStorage.setItem(STORED, theme)
    apply(theme)
    // GraphiQL reads its own choice when it opens.
    byId('graphiql', HTMLIFrameElement).contentWindow?.location.reload()
  }

  for (const button of buttons) button.onclick = () => choose(button.dataset.theme as Theme)
  apply((localStorage.getItem(STORED) as Theme | null) ?? 'auto')
}
