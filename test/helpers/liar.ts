import { type Api, openApi } from '#client/http.ts'
import type { Coalition } from './coalition.ts'

/** A server that answers as its operator was told to. */
export type Liar = (request: Request) => Promise<Response>

/** One thing that an operator lies about: the requests it concerns, and what becomes of the honest answer. */
export interface Lie {
  /** Tested against path and query. */
  readonly about: RegExp
  /** Gets the honest answer and the request; gives what is answered instead. */
  readonly tell: (honest: Response, request: Request) => Promise<Response> | Response
}

/** The real server, behind an operator who lies about some things. */
export function lyingServer(coalition: Pick<Coalition, 'app'>, ...lies: readonly Lie[]): Liar {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const honest = await coalition.app.request(request.clone())
    const lie = lies.find(({ about }) => about.test(`${pathname}${search}`))
    return lie === undefined ? honest : await lie.tell(honest, request)
  }
}

/** A lie about an answer in JSON. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller says what the real server answers there
export function swapping<T>(about: RegExp, change: (answer: T) => unknown): Lie {
  return {
    about,
    tell: async (honest) => {
      if (honest.status !== 200) throw new Error(`there is nothing to lie about: ${honest.status}`)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the caller knows what the real server answers there
      const answer = (await honest.json()) as T
      return Response.json(await change(answer))
    },
  }
}

/** The real client on the way to such a server; `sent` hears every request in full. */
export function reach(
  liar: Liar,
  options: { readonly token?: string; readonly sent?: (request: string) => void } = {},
): Api {
  const { sent, token } = options
  return openApi({
    url: 'http://localhost',
    fetch: async (input, init) => {
      const request = new Request(input, init)
      const headers = JSON.stringify([...request.headers])
      sent?.(`${request.method} ${request.url} ${headers} ${await request.clone().text()}`)
      return await liar(request)
    },
    wait: async () => await Promise.resolve(),
    ...(token === undefined ? {} : { token }),
  })
}
