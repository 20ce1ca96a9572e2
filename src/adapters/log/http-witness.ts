import { concat, fromUtf8 } from '#core/bytes.ts'
import { NOTE_BYTES_MAX, parseVkey } from '#core/log/note.ts'
import {
  formatAddCheckpoint,
  originHash,
  parseCosignatureLines,
  parseTreeSize,
  TREE_SIZE_TYPE,
  WITNESS_ANSWER_BYTES_MAX,
} from '#core/log/witness.ts'
import { Unavailable } from '#ports/storage.ts'
import type { Witness, WitnessAnswer } from '#ports/witness.ts'

/** A witness that takes longer is asked again later. */
const ANSWER_MILLISECONDS_MAX = 10_000

/** Where a witness answers. */
export interface HttpWitnessSettings {
  /** Note verifier key of type 04. */
  readonly vkey: string
  /** Prefix to which `/add-checkpoint` is added. */
  readonly url: string
  /** Prefix to which `/<hash>/checkpoint` is added, where it is another one. */
  readonly monitor?: string | undefined
  /** Ends all requests, when the process is to end. */
  readonly signal?: AbortSignal
}

/**
 * Reaches a witness over HTTP. Whatever it answers, no more is read than an answer can take, redirects are not followed, and it has ten
 * seconds.
 *
 * @throws Error where the verifier key is none.
 */
export function openHttpWitness(settings: HttpWitnessSettings): Witness {
  const { url, vkey } = settings
  const key = parseVkey(vkey)
  if (!key.ok) throw new Error(`this is not the key of a witness: ${vkey}`)
  return {
    vkey,
    key: key.value,
    addCheckpoint: async (request) => {
      const body = formatAddCheckpoint(request)
      const asked = { path: `${prefix(url)}/add-checkpoint`, body, max: WITNESS_ANSWER_BYTES_MAX }
      return readAnswer(await ask(settings, asked))
    },
    latest: async (origin) => {
      const path = `${prefix(settings.monitor ?? url)}/${originHash(origin)}/checkpoint`
      const { body, status } = await ask(settings, { path, max: NOTE_BYTES_MAX })
      if (status === 404) return undefined
      if (status !== 200 || body === undefined)
        throw new Unavailable(`the witness answered ${String(status)}`)
      return body
    },
  }
}

interface Answered {
  readonly status: number
  readonly type: string
  /** `undefined` where it is too long or not UTF-8. */
  readonly body: string | undefined
}

function readAnswer({ body, status, type }: Answered): WitnessAnswer {
  if (status === 422) return { kind: 'inconsistent' }
  if (status === 409 && type === TREE_SIZE_TYPE) {
    const size = parseTreeSize(body ?? '')
    return size === undefined ? { kind: 'malformed' } : { kind: 'size-differs', size }
  }
  // An early text of the protocol answers so where the size is the same and the root is not.
  if (status === 409) return { kind: 'inconsistent' }
  if (status !== 200) return { kind: 'refused', status }
  const lines = parseCosignatureLines(body ?? '')
  return lines.ok ? { kind: 'cosigned', lines: lines.value } : { kind: 'malformed' }
}

interface Question {
  readonly path: string
  readonly body?: string
  readonly max: number
}

/** A connection that was kept open may be one that a restarted witness has forgotten: what fails is asked once more, on a new one. */
async function ask({ signal }: HttpWitnessSettings, question: Question): Promise<Answered> {
  const limits = [AbortSignal.timeout(ANSWER_MILLISECONDS_MAX), ...(signal ? [signal] : [])]
  const limit = AbortSignal.any(limits)
  try {
    return await askOnce(question, limit).catch(async (error: unknown) => {
      if (limit.aborted) throw error
      return await askOnce(question, limit)
    })
  } catch (cause) {
    throw new Unavailable('a witness does not answer', { cause })
  }
}

async function askOnce({ body, max, path }: Question, signal: AbortSignal): Promise<Answered> {
  const response = await fetch(path, {
    redirect: 'manual',
    signal,
    ...(body === undefined ? {} : { method: 'POST', body }),
  })
  const bytes = await readAtMost(response, max)
  return {
    status: response.status,
    type: response.headers.get('Content-Type')?.split(';', 1)[0]?.trim() ?? '',
    body: bytes === undefined ? undefined : fromUtf8(bytes),
  }
}

/** Reads a body until its end, or until it is too long: then nothing of it is used, and the connection is closed. */
async function readAtMost(response: Response, max: number): Promise<Uint8Array | undefined> {
  const reader = response.body?.getReader()
  if (reader === undefined) return new Uint8Array()
  const chunks: Uint8Array[] = []
  let held = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return concat(...chunks)
    held += value.length
    if (held > max) {
      await reader.cancel()
      return undefined
    }
    chunks.push(value)
  }
}

function prefix(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}
