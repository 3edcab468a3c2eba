import { byId, setText } from '/lookups/element.js'
import { startTheme } from '/lookups/theme.js'
import { createChangeView } from './change-view.ts'
import { showLookupPage } from './lookup-page.ts'
import { showQueryCost } from './query-view.ts'
import { startStream } from './stream.ts'
import { createTrafficControl } from './traffic-control.ts'

/** The key under which GraphiQL stores its own choice, which it reads when it opens. */
const GRAPHIQL_THEME = 'graphiql:theme'

startTheme({
  chosen(theme) {
    if (theme === 'auto') localStorage.removeItem(GRAPHIQL_THEME)
    else localStorage.setItem(GRAPHIQL_THEME, theme)
    byId('graphiql', HTMLIFrameElement).contentWindow?.location.reload()
  },
})
const traffic = createTrafficControl()
const change = createChangeView()

startStream({
  welcome(welcome) {
    change.offer(welcome.changes)
    traffic.show(welcome.traffic)
    setText(
      byId('server', HTMLElement),
      `${welcome.server}. The service itself: ${welcome.serviceUrl}/shipments`,
    )
  },
  traffic: traffic.show,
  change: change.show,
  query: showQueryCost,
})
await showLookupPage()
