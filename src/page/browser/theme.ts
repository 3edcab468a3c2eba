import { byId } from './element.ts'

export type Theme = 'auto' | 'light' | 'dark'

const STORED = 'kysely-lookup:theme'

/** The system's color scheme, unless the user has chosen one. */
export function startTheme(options: { readonly chosen?: (theme: Theme) => void } = {}): void {
  const buttons = [...byId('theme', HTMLElement).querySelectorAll('button')]

  function apply(theme: Theme): void {
    if (theme === 'auto') delete document.documentElement.dataset.theme
    else document.documentElement.dataset.theme = theme
    for (const button of buttons) button.ariaPressed = String(button.dataset.theme === theme)
  }

  for (const button of buttons) {
    button.onclick = () => {
      const theme = button.dataset.theme as Theme
      localStorage.setItem(STORED, theme)
      apply(theme)
      options.chosen?.(theme)
    }
  }
  apply((localStorage.getItem(STORED) as Theme | null) ?? 'auto')
}
