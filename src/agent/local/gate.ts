import type { Context } from 'hono'
import { fromUtf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import type { ClientScope } from '#wire/agent.ts'
import { allow, deny, type LocalResult } from '#agent/agent.ts'
import type { Authenticate, LocalClient } from './authenticate.ts'

/** What is asked of a request before a path sees it. */
export interface Gate {
  /** Reads and authenticates a request. The body is `undefined` where there is none. */
  enter(c: Context, scope: ClientScope): Promise<LocalResult<Entered>>
}

/** A request by a known client. */
export interface Entered {
  readonly client: LocalClient
  readonly body: Uint8Array | undefined
}

/** A batch of 500 events fits. */
const BODY_BYTES_MAX = 1024 * 1024
/** Opens the gate through which every request about notices and accounts comes. */
export function openGate(authenticate: Authenticate): Gate {
  return {
    enter: async (c, scope) => {
      const body = await readBody(c)
      if (!body.ok) return body
      const client = authenticate({
        method: c.req.method,
        url: c.req.url,
        header: (name) => c.req.header(name),
        body: body.value,
      })
      if (!client.ok) return client
      return client.value.scopes.includes(scope)
        ? allow({ client: client.value, body: body.value })
        : deny('not-allowed')
    },
  }
}

async function readBody(c: Context): Promise<LocalResult<Uint8Array | undefined>> {
  const { body } = c.req.raw
  if (body === null || c.req.method === 'GET') return allow(undefined)
  const parts: Uint8Array[] = []
  let bytes = 0
  const reader = body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    const part: Uint8Array = value
    bytes += part.length
    if (bytes > BODY_BYTES_MAX) {
      await reader.cancel()
      return deny('request-too-large')
    }
    parts.push(part)
  }
  return allow(bytes === 0 ? undefined : new Uint8Array(Buffer.concat(parts)))
}

/** The JSON of a body; denies `request-malformed`. */
export function jsonOf(body: Uint8Array | undefined): LocalResult<Json> {
  const text = body === undefined ? undefined : fromUtf8(body)
  if (text === undefined) return deny('request-malformed', 'the body is not UTF-8')
  try {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- JSON.parse yields exactly Json
    const value: Json = JSON.parse(text)
    return allow(value)
  } catch {
    return deny('request-malformed', 'the body is not JSON')
  }
}
