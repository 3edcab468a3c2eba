// Loaded before GraphiQL, whose editor gets its workers here.
Reflect.set(self, 'MonacoEnvironment', {
  globalAPI: false,
  getWorkerUrl(_module: string, label: string) {
    const name = label === 'graphql' || label === 'json' ? label : 'editor'
    return `/graphiql/${name}.worker.js`
  },
})
