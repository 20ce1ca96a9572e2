import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A server in between. */
export interface Proxy {
  readonly url: string
  close(): Promise<void>
}

/** Passes requests on to a server, and loses the answer to whatever is posted to a path: it arrives, and nobody hears of it. */
export async function loseAnswers(server: string, path: string): Promise<Proxy> {
  const proxy = createServer((request, response) => {
    const pass = async (): Promise<void> => {
      const body = await buffer(request)
      const { 'content-type': type, authorization } = request.headers
      const answer = await fetch(`${server}${request.url ?? ''}`, {
        method: request.method ?? 'GET',
        headers: {
          ...(type === undefined ? {} : { 'content-type': type }),
          ...(authorization === undefined ? {} : { authorization }),
        },
        ...(request.method === 'POST' ? { body } : {}),
      })
      const answered = Buffer.from(await answer.arrayBuffer())
      if (request.method === 'POST' && request.url === path) request.socket.destroy()
      else
        response
          .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' })
          .end(answered)
    }
    pass().catch(() => request.socket.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a listening TCP server has an AddressInfo
  const { port } = proxy.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${String(port)}`,
    close: async () => {
      proxy.closeAllConnections()
      await new Promise((resolve) => proxy.close(resolve))
    },
  }
}
