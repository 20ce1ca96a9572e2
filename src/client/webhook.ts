import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base64, fromBase64, sameBytes, utf8 } from '#core/bytes.ts'

// Standard Webhooks (standardwebhooks.com): what goes to a company's own systems, signed with a secret that both have.

/** A message as it is sent. */
export interface WebhookMessage {
  readonly id: string
  /** POSIX seconds. */
  readonly timestamp: number
  readonly body: string
}

const PREFIX = 'whsec_'
const WINDOW_SECONDS = 300

/** The bytes of a secret; `undefined` for a text that is none. */
export function webhookKey(secret: string): Uint8Array | undefined {
  return secret.startsWith(PREFIX) ? fromBase64(secret.slice(PREFIX.length)) : undefined
}

/** A secret as it is written into settings. */
export function formatWebhookKey(key: Uint8Array): string {
  return `${PREFIX}${base64(key)}`
}

/** The header fields of a message. */
export function signWebhook(
  key: Uint8Array,
  { body, id, timestamp }: WebhookMessage,
): Readonly<Record<string, string>> {
  const signed = hmac(sha256, key, utf8(`${id}.${String(timestamp)}.${body}`))
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-signature': `v1,${base64(signed)}`,
    'webhook-timestamp': String(timestamp),
  }
}

/**
 * Tells whether a message that arrived is the agent's and from the last five minutes. The same id may come again: keep the ids that were
 * worked on.
 */
export function isWebhook(
  key: Uint8Array,
  arrived: {
    readonly header: (name: string) => string | null | undefined
    readonly body: string
    /** POSIX seconds. */
    readonly now: number
  },
): boolean {
  const { body, header, now } = arrived
  const id = header('webhook-id') ?? ''
  const stamp = header('webhook-timestamp') ?? ''
  const timestamp = /^\d{1,12}$/.test(stamp) ? Number(stamp) : Number.NaN
  if (id === '' || !(Math.abs(now - timestamp) <= WINDOW_SECONDS)) return false
  const expected = hmac(sha256, key, utf8(`${id}.${stamp}.${body}`))
  return (header('webhook-signature') ?? '').split(' ').some((one) => {
    const given = one.startsWith('v1,') ? fromBase64(one.slice('v1,'.length)) : undefined
    return given !== undefined && sameBytes(given, expected)
  })
}
