import { accept, refuse, type Result } from './result.ts'

/** What a report of failure says (RFC 3464), without a word of what it quotes. */
export interface DeliveryReport {
  /** What stands behind the `+` of the addresses that the report came to, where it has the form of a token. */
  readonly tokens: readonly string[]
  /** For each recipient: what happened (`failed`, `delayed`, …) and why (RFC 3463). */
  readonly recipients: readonly { readonly action: string; readonly status: string }[]
}

/** The parts that matter come first; what is quoted behind them is never read. */
const REPORT_BYTES_MAX = 256 * 1024
const FIELDS_MAX = 200
const RECIPIENTS_MAX = 64
const TOKENS_MAX = 8
/** Where mail servers write to which address they delivered. */
const DELIVERED_TO: readonly string[] = ['to', 'delivered-to', 'x-original-to', 'envelope-to']
const TOKEN = /\+([a-z2-7]{32})@/g
const BOUNDARY = /;\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";]{1,70}))/i
const STATUS = /^([245]\.\d{1,3}\.\d{1,3})\b/
const ACTION = /^(failed|delayed|delivered|relayed|expanded)\b/i

/**
 * Reads a delivery status notification.
 *
 * Bounded and strict: only the fields named in RFC 3464 are looked at, and nothing of the mail that is quoted leaves this function. Says nothing
 * about who made the report. Refuses `bounce-malformed`.
 */
export function readDeliveryReport(message: Uint8Array): Result<DeliveryReport> {
  const malformed = refuse('bounce-malformed')
  const text = new TextDecoder('latin1')
    .decode(message.subarray(0, REPORT_BYTES_MAX))
    .replaceAll('\r\n', '\n')
  const end = text.indexOf('\n\n')
  const fields = fieldsOf(text.slice(0, Math.max(0, end)))
  const type = fields?.find(({ name }) => name === 'content-type')?.value ?? ''
  const [, quoted, plain] = BOUNDARY.exec(type) ?? []
  const boundary = quoted ?? plain
  if (fields === undefined || !/^multipart\/report\b/i.test(type) || boundary === undefined)
    return malformed
  const status = text
    .slice(end)
    .split(`\n--${boundary}`)
    .slice(1, 8)
    .map(statusOf)
    .find((found) => found !== undefined)
  if (status === undefined || status.length === 0) return malformed
  const tokens = fields
    .filter(({ name }) => DELIVERED_TO.includes(name))
    .flatMap(({ value }) => [...value.matchAll(TOKEN)].map(([, token]) => token ?? ''))
  return accept({ tokens: [...new Set(tokens)].slice(0, TOKENS_MAX), recipients: status })
}

/** The recipients of a part that is a delivery status; `undefined` for other parts. */
function statusOf(part: string): DeliveryReport['recipients'] | undefined {
  const end = part.indexOf('\n\n')
  const type = fieldsOf(part.slice(0, Math.max(0, end)))?.find(
    ({ name }) => name === 'content-type',
  )
  if (type === undefined || !/^message\/(?:global-)?delivery-status\b/i.test(type.value))
    return undefined
  const groups = part
    .slice(end + 2)
    .split(/\n(?:[ \t]*\n)+/, RECIPIENTS_MAX + 2)
    .slice(1, RECIPIENTS_MAX + 1)
  return groups.flatMap((group) => {
    const fields = fieldsOf(group) ?? []
    const value = (wanted: string) => fields.find(({ name }) => name === wanted)?.value ?? ''
    const action = ACTION.exec(value('action'))?.[1]?.toLowerCase()
    const status = STATUS.exec(value('status'))?.[1]
    return action === undefined || status === undefined ? [] : [{ action, status }]
  })
}

/** Header fields, unfolded, their names in lower case; `undefined` where there are too many. */
function fieldsOf(
  head: string,
): readonly { readonly name: string; readonly value: string }[] | undefined {
  const lines = head.replace(/\n[ \t]+/g, ' ').split('\n', FIELDS_MAX + 1)
  if (lines.length > FIELDS_MAX) return undefined
  return lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return colon < 1
      ? []
      : [{ name: line.slice(0, colon).toLowerCase(), value: line.slice(colon + 1).trim() }]
  })
}
