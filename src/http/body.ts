import type { Context } from 'hono'
import { concat, fromUtf8 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseSealedAct } from '#wire/sealed-act.ts'
import { whileArriving } from './arrivals.ts'

/** An act with its signatures is at most this long, in either form. */
export const ACT_REQUEST_BYTES_MAX = 1024 * 1024
/** An armored signature or certificate is at most this long. */
export const ARMOR_BYTES_MAX = 128 * 1024

/** An act as it came in: its exact bytes, and its signatures as text. */
export interface SealedActRequest {
  readonly payload: Uint8Array
  readonly signatures: readonly string[]
}

/**
 * Reads a body and counts its bytes as they come, whatever its headers announce.
 *
 * Refuses `request-too-large`, and `request-malformed` for a body that breaks off.
 *
 * @throws BodyCut where the body is too slow, or has to make room for others.
 */
export async function readBytes(c: Context, bytesMax: number): Promise<Result<Uint8Array>> {
  return await whileArriving(c, async () => await readCounted(c, bytesMax))
}

async function readCounted(c: Context, bytesMax: number): Promise<Result<Uint8Array>> {
  const announced = Number(c.req.header('Content-Length') ?? Number.NaN)
  if (announced > bytesMax) return refuse('request-too-large')
  // What is announced is what HTTP/1.1 delivers, and reading it whole spares a stream. Nobody relies on that: it is counted.
  if (announced >= 0) return await readWhole(c, bytesMax)
  const reader = c.req.raw.body?.getReader()
  if (reader === undefined) return accept(new Uint8Array())
  const chunks: Uint8Array[] = []
  let held = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return accept(concat(...chunks))
      held += value.length
      if (held > bytesMax) {
        await reader.cancel()
        return refuse('request-too-large')
      }
      chunks.push(value)
    }
  } catch {
    return refuse('request-malformed', 'the body breaks off')
  }
}

async function readWhole(c: Context, bytesMax: number): Promise<Result<Uint8Array>> {
  try {
    const bytes = new Uint8Array(await c.req.raw.arrayBuffer())
    return bytes.length > bytesMax ? refuse('request-too-large') : accept(bytes)
  } catch {
    return refuse('request-malformed', 'the body breaks off')
  }
}

/**
 * Reads one armored block as text. Forms and JSON are refused with `request-malformed`; every other media type is taken,
 * because `curl --data-binary` names one that it does not mean.
 */
export async function readArmored(c: Context): Promise<Result<string>> {
  const mediaType = mediaTypeOf(c)
  if (mediaType === 'multipart/form-data' || mediaType === 'application/json') {
    return refuse('request-malformed', 'the body is the armored text itself')
  }
  const bytes = await readBytes(c, ARMOR_BYTES_MAX)
  if (!bytes.ok) return bytes
  const text = fromUtf8(bytes.value)
  return text === undefined ? refuse('armor-malformed') : accept(text)
}

/** Reads an act with its signatures, in either form. Refuses `request-malformed`, `request-too-large`, `act-too-large`. */
export async function readSealedAct(c: Context): Promise<Result<SealedActRequest>> {
  const mediaType = mediaTypeOf(c)
  if (mediaType !== 'multipart/form-data' && mediaType !== 'application/json') {
    return refuse('request-malformed', 'the body is multipart/form-data or application/json')
  }
  const bytes = await readBytes(c, ACT_REQUEST_BYTES_MAX)
  if (!bytes.ok) return bytes
  return mediaType === 'application/json'
    ? readJson(bytes.value)
    : await readForm(bytes.value, c.req.header('Content-Type') ?? '')
}

function mediaTypeOf(c: Context): string {
  return (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

function readJson(bytes: Uint8Array): Result<SealedActRequest> {
  const text = fromUtf8(bytes)
  if (text === undefined) return refuse('request-malformed', 'the body is not UTF-8')
  try {
    return parseSealedAct(JSON.parse(text))
  } catch {
    return refuse('request-malformed', 'the body is not JSON')
  }
}

async function readForm(bytes: Uint8Array, contentType: string): Promise<Result<SealedActRequest>> {
  let form: FormData
  try {
    const body = new Blob([Uint8Array.from(bytes)])
    form = await new Response(body, { headers: { 'Content-Type': contentType } }).formData()
  } catch {
    return refuse('request-malformed', 'the form cannot be read')
  }
  const strange = [...form.keys()].some((name) => name !== 'act' && name !== 'signature')
  const [act, ...more] = form.getAll('act')
  if (strange || act === undefined || more.length > 0) {
    return refuse(
      'request-malformed',
      'the form has one field act, and signature for each signature',
    )
  }
  const signatures: string[] = []
  for (const part of form.getAll('signature')) {
    const text = fromUtf8(await bytesOf(part))
    if (text === undefined) return refuse('armor-malformed')
    signatures.push(text)
  }
  return accept({ payload: await bytesOf(act), signatures })
}

async function bytesOf(part: File | string): Promise<Uint8Array> {
  return typeof part === 'string'
    ? new TextEncoder().encode(part)
    : new Uint8Array(await part.arrayBuffer())
}
