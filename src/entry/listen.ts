import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import type { ProcessConfig } from './config.ts'

/** A server that listens, and where. */
export interface Listening {
  readonly server: ServerType
  readonly url: string
}

/** How long the header of a request may take to arrive, and the whole request: 8 MiB over a line of 2 Mbit/s take 34 s. */
const HEADER_SECONDS = 10
const REQUEST_SECONDS = 60
/** How long a connection waits for its next request. Proxies should close theirs earlier. */
const IDLE_SECONDS = 65
/** Connections beyond it are closed at once; far more than may have a request under way. */
const CONNECTIONS_MAX = 4096

/** The part of what the HTTP server hands over with a request that tells where it comes from. */
interface Arrival {
  readonly incoming?: { readonly socket?: { readonly remoteAddress?: string | undefined } }
}

/**
 * Tells where requests come from: the socket's address, or where a header field is named, the last address in it, which is the one that the
 * nearest proxy has seen. Whatever a client writes into that field itself stands before it.
 */
export function clientAddressIn(
  header: string | undefined,
): (c: { readonly env: unknown; readonly req: HeaderFields }) => string {
  return ({ env, req }) => {
    const named = header === undefined ? undefined : req.header(header)?.split(',').at(-1)?.trim()
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what @hono/node-server passes; any part may be missing
    return named ?? (env as Arrival | undefined)?.incoming?.socket?.remoteAddress ?? ''
  }
}

interface HeaderFields {
  header(name: string): string | undefined
}

/** Listens for an application's requests. */
export async function listen(
  app: { readonly fetch: (request: Request, env?: unknown) => Promise<Response> | Response },
  config: Pick<ProcessConfig, 'host' | 'port'>,
): Promise<Listening> {
  return await new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: app.fetch,
        hostname: config.host,
        port: config.port,
        serverOptions: {
          connectionsCheckingInterval: 5000,
          headersTimeout: HEADER_SECONDS * 1000,
          keepAliveTimeout: IDLE_SECONDS * 1000,
          requestTimeout: REQUEST_SECONDS * 1000,
        },
      },
      (address) => {
        resolve({ server, url: urlOf(address) })
      },
    )
    server.once('error', reject)
    if ('maxConnections' in server) server.maxConnections = CONNECTIONS_MAX
  })
}

/** Where a port answers, in a form that clients take. */
export function urlOf({ address, family, port }: AddressInfo): string {
  const host = family === 'IPv6' ? `[${address}]` : address
  return `http://${host}:${String(port)}`
}

/** Takes no further requests, and waits for those that run. */
export async function closeServer(server: ServerType): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    if ('closeIdleConnections' in server) server.closeIdleConnections()
  })
}
