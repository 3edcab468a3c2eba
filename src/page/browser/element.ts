/** The page's element with this id, of the expected kind. */
export function byId<Kind extends Element>(id: string, kind: abstract new () => Kind): Kind {
  const element = document.getElementById(id)
  if (element instanceof kind) return element
  throw new Error(`the page has no ${kind.name} #${id}`)
}

type Child = Element | string

/** A new element; text is text and never markup. */
export function make(tag: string, className: string, ...children: readonly Child[]): HTMLElement {
  const element = document.createElement(tag)
  if (className) element.className = className
  element.append(...children)
  return element
}

/** Sets a text, and leaves the document alone if nothing changed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
