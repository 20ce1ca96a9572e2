import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64, fromBase64, utf8 } from '#core/bytes.ts'
import { refuse, accept, type Result } from '#core/result.ts'

// HTTP Message Signatures (RFC 9421) with hmac-sha256 and Content-Digest (RFC 9530): the part of them that the agent's local interface uses.

/** A header field or derived component, by its name, and its value (RFC 9421 section 2). */
export type Component = readonly [name: string, value: string]

/** A request as it is signed. */
export interface SignableRequest {
  readonly method: string
  readonly url: string
  /** With its bytes: the type they are sent as. */
  readonly contentType?: string
  readonly body?: Uint8Array
}

/** Who signs, and when. */
export interface Signing {
  readonly keyId: string
  readonly key: Uint8Array
  /** POSIX seconds. */
  readonly created: number
  /** Never used before by this key: base64url or hex. */
  readonly nonce: string
}

/** A signature as a request carries it, read and not yet verified. */
export interface CarriedSignature {
  readonly names: readonly string[]
  /** The value of the signature's own line, verbatim. */
  readonly params: string
  readonly keyId: string
  readonly created: number
  readonly nonce: string
  readonly signature: Uint8Array
}

const LABEL = 'dunant'
const INPUT_CHARACTERS_MAX = 1024
const INPUT =
  /^([a-z][a-z0-9_-]{0,31})=(\(("[a-z@][a-z0-9@-]{0,63}"(?: "[a-z@][a-z0-9@-]{0,63}"){0,15})\);created=(\d{1,12});keyid="([A-Za-z0-9._-]{1,64})";nonce="([A-Za-z0-9_-]{16,64})")$/
const SIGNATURE = /^([a-z][a-z0-9_-]{0,31})=:([A-Za-z0-9+/]+={0,2}):$/

/** The field `Content-Digest` of some bytes (RFC 9530 section 2). */
export function contentDigest(body: Uint8Array): string {
  return `sha-256=:${base64(sha256(body))}:`
}

/** The bytes that a signature covers (RFC 9421 section 2.5). */
export function signatureBase(components: readonly Component[], params: string): Uint8Array {
  const lines = components.map(([name, value]) => `"${name}": ${value}`)
  return utf8([...lines, `"@signature-params": ${params}`].join('\n'))
}

/** hmac-sha256 over a signature base (RFC 9421 section 3.3.3). */
export function hmacOf(key: Uint8Array, base: Uint8Array): Uint8Array {
  return hmac(sha256, key, base)
}

/** What must be covered: all that decides what a request does. */
export function requiredComponents(hasBody: boolean): readonly string[] {
  const head = ['@method', '@authority', '@path', '@query']
  return hasBody ? [...head, 'content-type', 'content-digest'] : head
}

/** The components of a request, by name. */
export function componentsOf(request: SignableRequest): readonly Component[] {
  const { body, contentType, method, url } = request
  const { host, pathname, search } = new URL(url)
  const head: Component[] = [
    ['@method', method.toUpperCase()],
    ['@authority', host.toLowerCase()],
    ['@path', pathname],
    ['@query', search === '' ? '?' : search],
  ]
  return body === undefined
    ? head
    : [...head, ['content-type', contentType ?? ''], ['content-digest', contentDigest(body)]]
}

/** The header fields that sign a request; those that are not there yet are to be sent as well. */
export function signRequest(
  request: SignableRequest,
  { created, key, keyId, nonce }: Signing,
): Readonly<Record<string, string>> {
  const components = componentsOf(request)
  const names = components.map(([name]) => `"${name}"`).join(' ')
  const params = `(${names});created=${String(created)};keyid="${keyId}";nonce="${nonce}"`
  const signature = hmacOf(key, signatureBase(components, params))
  const { body, contentType } = request
  return {
    ...(body === undefined
      ? {}
      : { 'content-digest': contentDigest(body), 'content-type': contentType ?? '' }),
    signature: `${LABEL}=:${base64(signature)}:`,
    'signature-input': `${LABEL}=${params}`,
  }
}

/** Reads the one signature of a request. Refuses `request-malformed`. */
export function readSignature(fields: {
  readonly input: string | undefined
  readonly signature: string | undefined
}): Result<CarriedSignature> {
  const { input = '', signature = '' } = fields
  if (input.length > INPUT_CHARACTERS_MAX) return refuse('request-malformed')
  const found = INPUT.exec(input)
  const given = SIGNATURE.exec(signature)
  const bytes = fromBase64(given?.[2] ?? '')
  if (found === null || given === null || bytes === undefined || found[1] !== given[1])
    return refuse('request-malformed')
  const [, , params = '', names = '', created = '', keyId = '', nonce = ''] = found
  return accept({
    names: names.split(' ').map((name) => name.slice(1, -1)),
    params,
    keyId,
    created: Number(created),
    nonce,
    signature: bytes,
  })
}
