import { startServer } from '#entry/node.ts'

// Usage: node --import tsx test/shell/server.ts HOME PORT. Runs until it is told to end.
const [home = '', port = ''] = process.argv.slice(2)
const server = await startServer({
  home,
  config: { host: '127.0.0.1', port: Number(port), databaseUrl: undefined, genesis: undefined },
  log: (line) => process.stderr.write(`${line}\n`),
})
process.stdout.write(`${server.url}\n`)
process.once('SIGTERM', () => {
  void server.close()
})
