import { fromUtf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import { accept, type Result } from '#core/result.ts'
import { type Call, Outage, readJson, type Reply, type Transport } from './transport.ts'

const ANSWER_BYTES_MAX = 4 * 1024 * 1024
/** The header of a JSON body. */
export const JSON_TYPE = { 'content-type': 'application/json' }

/** What reads an answer. */
export interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false }
}

/** A request for what stands at an address. */
export function get(path: string): Call {
  return { method: 'GET', path, bytesMax: ANSWER_BYTES_MAX, repeatable: true }
}

/** A request that carries a body, and may be sent twice. */
export function post(path: string, body: string, contentType?: string): Call {
  const headers = contentType === undefined ? JSON_TYPE : { 'content-type': contentType }
  return { method: 'POST', path, body, headers, bytesMax: ANSWER_BYTES_MAX, repeatable: true }
}

/** Sends a request, and reads an answer that has a schema. @throws Outage where it is not of its form. */
export async function json<T>(send: Transport, schema: Schema<T>, call: Call): Promise<Result<T>> {
  const reply = await send(call)
  if (!reply.ok) return reply
  const parsed = schema.safeParse(readJson(reply.value.bytes))
  if (!parsed.success)
    throw new Outage(`the answer to ${call.method} ${call.path} is not of the form that it has`)
  return accept(parsed.data)
}

/** An answer that is JSON of any form. @throws Outage where it is none. */
export function jsonOf({ bytes }: Reply): Json {
  const value = readJson(bytes)
  if (value === undefined) throw new Outage('the answer is not JSON')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
  return value as Json
}

/** An answer that is text. @throws Outage where it is none. */
export function textOf(reply: Result<Reply>): Result<string> {
  if (!reply.ok) return reply
  const decoded = fromUtf8(reply.value.bytes)
  if (decoded === undefined) throw new Outage('the answer is not text')
  return accept(decoded)
}
