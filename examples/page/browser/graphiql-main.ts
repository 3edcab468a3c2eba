const QUERY = `# Press the button, and then once more.
query Shipments {
  shipments(page: 1) {
    id
    price
    origin {
      name
      country {
        name
        currencies {
          code
          name
        }
      }
    }
    destination {
      name
      country {
        name
        languages {
          name
        }
      }
    }
    timeZone {
      title
    }
  }
}
`

interface YogaGraphiQL {
  renderYogaGraphiQL(element: Element, options: object): void
}

// The address keeps the query, so that a reload finds it again.
const address = new URL(location.href)
if (!address.searchParams.has('query')) {
  address.searchParams.set('query', QUERY)
  history.replaceState(null, '', address)
}

// The script before this one puts it there.
const graphiql = Reflect.get(self, 'YogaGraphiQL') as YogaGraphiQL
graphiql.renderYogaGraphiQL(document.querySelector('#root')!, {
  endpoint: '/graphql',
  title: 'kysely-lookup',
  defaultQuery: QUERY,
  credentials: 'same-origin',
  defaultEditorToolsVisibility: false,
})

// The editor takes its colors when it opens; what was typed is kept.
matchMedia('(prefers-color-scheme: dark)').onchange = () => location.reload()
