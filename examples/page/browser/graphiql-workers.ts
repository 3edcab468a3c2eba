// Loaded before GraphiQL, whose editor asks here for its workers.
Reflect.set(self, 'MonacoEnvironment', {
  globalAPI: false,
  getWorkerUrl(_module: string, label: string) {
    const name = label === 'graphql' || label === 'json' ? label : 'editor'
    return `/graphiql/${name}.worker.js`
  },
})
