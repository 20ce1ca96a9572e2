import { serve, type ServerType } from '@hono/node-server'
import type { ProcessConfig } from './config.ts'

/** A server that listens, and where. */
export interface Listening {
  readonly server: ServerType
  readonly url: string
}

/** Listens for an application's requests. */
export async function listen(
  app: { readonly fetch: (request: Request) => Promise<Response> | Response },
  config: Pick<ProcessConfig, 'host' | 'port'>,
): Promise<Listening> {
  return await new Promise((resolve, reject) => {
    const server = serve(
      { fetch: app.fetch, hostname: config.host, port: config.port },
      (address) => {
        const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
        resolve({ server, url: `http://${host}:${String(address.port)}` })
      },
    )
    server.once('error', reject)
  })
}

/** Takes no further requests, and waits for those that run. */
export async function closeServer(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}
