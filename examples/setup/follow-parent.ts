// Loaded with `node --import` before the service, so that it ends with the process that started it, however that ends.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
