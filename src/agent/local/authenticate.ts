import { timingSafeEqual } from 'node:crypto'
import {
  componentsOf,
  contentDigest,
  hmacOf,
  readSignature,
  requiredComponents,
  signatureBase,
} from '#client/message-signature.ts'
import type { ClientScope } from '#wire/agent.ts'
import { allow, deny, type LocalResult } from '#agent/agent.ts'

/** One of the company's own systems, and what it may do. */
export interface LocalClient {
  readonly id: string
  readonly key: Uint8Array
  readonly scopes: readonly ClientScope[]
}

/** A request whose body was read. */
export interface ArrivedRequest {
  readonly method: string
  readonly url: string
  readonly header: (name: string) => string | undefined
  readonly body: Uint8Array | undefined
}

/** Tells who signed a request. */
export type Authenticate = (request: ArrivedRequest) => LocalResult<LocalClient>

/** How old a signature may be, and how far ahead its clock: both run on this machine or next to it. */
const WINDOW_SECONDS = 60
/** Signatures within the window; beyond it the oldest are forgotten, and nothing as old as they were is taken any more. */
const NONCES_MAX = 200_000

/**
 * Verifies HTTP Message Signatures (RFC 9421) of known clients. A signature is taken once: its nonce is remembered for as long as it is fresh,
 * and none from before this process is taken, so that nothing is replayed across a restart either.
 *
 * Denies `signature-wrong` alike for a missing signature, an unknown client and a wrong key; `signature-stale` and `signature-replayed` only to
 * who holds the key.
 */
export function openAuthenticate(clients: readonly LocalClient[], now: () => number): Authenticate {
  const byId = new Map(clients.map((client) => [client.id, client]))
  const unknown: LocalClient = { id: '', key: new Uint8Array(32), scopes: [] }
  const fresh = openNonces(now())
  return (request) => {
    const read = readSignature({
      input: request.header('signature-input'),
      signature: request.header('signature'),
    })
    if (!read.ok) return deny('signature-wrong')
    const { created, keyId, names, nonce, params, signature } = read.value
    const client = byId.get(keyId) ?? unknown
    const { body } = request
    const contentType = request.header('content-type')
    const components = new Map(
      componentsOf({
        method: request.method,
        url: request.url,
        ...(body === undefined ? {} : { body, contentType: contentType ?? '' }),
      }),
    )
    const covered = names.flatMap((name) => {
      const value = components.get(name)
      return value === undefined ? [] : [[name, value] as const]
    })
    const isWhole =
      covered.length === names.length &&
      new Set(names).size === names.length &&
      requiredComponents(body !== undefined).every((name) => names.includes(name)) &&
      (body === undefined || request.header('content-digest') === contentDigest(body))
    const expected = hmacOf(client.key, signatureBase(covered, params))
    const isSame = signature.length === expected.length && timingSafeEqual(signature, expected)
    if (!isSame || !isWhole || client === unknown) return deny('signature-wrong')
    const age = now() - created
    if (age > WINDOW_SECONDS || age < -WINDOW_SECONDS) return deny('signature-stale')
    return fresh(`${keyId} ${nonce}`, created) ? allow(client) : deny('signature-replayed')
  }
}

/** Takes a nonce once. `since` and everything that was forgotten is a bound below which nothing is taken. */
function openNonces(since: number): (nonce: string, created: number) => boolean {
  const seen = new Map<string, number>()
  let bound = since - 1
  return (nonce, created) => {
    if (created <= bound || seen.has(nonce)) return false
    seen.set(nonce, created)
    for (const [oldest, at] of seen) {
      // In the order of their arrival: whatever is dropped raises the bound, so that it is never taken a second time.
      if (seen.size <= NONCES_MAX && created - at <= 2 * WINDOW_SECONDS) break
      seen.delete(oldest)
      bound = Math.max(bound, at)
    }
    return true
  }
}
