import type { RefusalReason } from '#core/refusal.ts'
import { REFUSAL_REASONS } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { fromUtf8 } from '#core/bytes.ts'
import { ProblemSchema } from '#wire/answers.ts'

/** The server did not answer, or not in the language of the interface. Nothing is known about what it did. */
export class Outage extends Error {
  override readonly name = 'Outage'
}

/** How a server is reached. */
export interface TransportOptions {
  /** Where the server is: `https`, or `http` on this machine or to an onion service. */
  readonly url: string
  /** Bearer token of a session. */
  readonly token?: string
  readonly fetch?: typeof fetch
  /** How long one request may take, its answer included. */
  readonly timeoutSeconds?: number
  /** Lets time pass between two attempts. */
  readonly wait?: (milliseconds: number) => Promise<void>
}

/** One request. */
export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT'
  /** With a leading slash, parameters already encoded. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
  /** The longest answer that is read. */
  readonly bytesMax: number
  /** Whether sending it twice does what sending it once does. */
  readonly repeatable: boolean
}

/** An answer of success, read whole. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** Sends requests to one server. */
export type Transport = (call: Call) => Promise<Result<Reply>>

const TIMEOUT_SECONDS = 120
/** Pauses before each further attempt, in milliseconds. */
const PAUSES = [250, 1000, 4000]
const PAUSE_SECONDS_MAX = 30
const PROBLEM_BYTES_MAX = 64 * 1024
const PROBLEM_TYPE = '/problems/'
const LOCAL = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]|[a-z2-7]+\.onion)$/
/** As many kept connections may be found closed, one after the other. */
const STALE_MAX = 3
const STALE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
const PRINTABLE = /[^\x20-\x7e]/g
const DETAIL_CHARACTERS_MAX = 300

/**
 * Opens the way to a server.
 *
 * A refusal comes back as a value, with the reason that the server's problem names. 503, and 429 that says when to come back, are tried
 * again where that is safe.
 * Redirects are not followed: a token goes to the server it is for.
 *
 * @throws TypeError for an address that is neither encrypted nor on this machine; the transport throws `Outage`.
 */
export function openTransport(options: TransportOptions): Transport {
  const base = new URL(options.url)
  const isSafe =
    base.protocol === 'https:' || (base.protocol === 'http:' && LOCAL.test(base.hostname))
  if (!isSafe) throw new TypeError('the address of a server begins with https://')
  const wait = options.wait ?? sleep
  return async (call) => {
    for (let attempt = 0; ; attempt++) {
      const response = await request(options, base, call)
      const pause = PAUSES[attempt]
      if (!mayPass(response) || !call.repeatable || pause === undefined)
        return await readReply(response, call)
      await response.body?.cancel()
      await wait(Math.max(pause, askedPause(response)))
    }
  }
}

async function request(options: TransportOptions, base: URL, call: Call): Promise<Response> {
  const { method, path, body, headers } = call
  const send = options.fetch ?? fetch
  const bearer = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }
  for (let attempts = 1; ; attempts++) {
    try {
      return await send(`${base.origin}${base.pathname.replace(/\/$/, '')}${path}`, {
        method,
        headers: { accept: 'application/json', ...headers, ...bearer },
        redirect: 'error',
        credentials: 'omit',
        signal: AbortSignal.timeout((options.timeoutSeconds ?? TIMEOUT_SECONDS) * 1000),
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : body.slice() }),
      })
    } catch (error) {
      if (call.repeatable && attempts <= STALE_MAX && isStale(error)) continue
      throw new Outage(`no answer from ${base.origin}`, { cause: error })
    }
  }
}

/** A server may close a kept connection just as it is used again; whoever was busy composing learns of it only then. */
function isStale(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined
  return cause instanceof Error && 'code' in cause && STALE.has(String(cause.code))
}

/** Tells whether the same request may be answered otherwise later. A quota has the status 429, too, and is spent for long. */
function mayPass({ headers, status }: Response): boolean {
  return status === 503 || (status === 429 && headers.has('retry-after'))
}

function askedPause(response: Response): number {
  const seconds = Number(response.headers.get('retry-after') ?? '0')
  return Number.isFinite(seconds) ? Math.min(Math.max(seconds, 0), PAUSE_SECONDS_MAX) * 1000 : 0
}

async function readReply(response: Response, call: Call): Promise<Result<Reply>> {
  const { status, headers } = response
  if (status >= 200 && status < 300)
    return accept({ status, headers, bytes: await readBody(response, call.bytesMax) })
  const bytes = await readBody(response, PROBLEM_BYTES_MAX)
  // An answer to HEAD has no body to name its reason in.
  if (call.method === 'HEAD' && status === 401) return refuse('session-missing')
  const reason = problemReason(bytes)
  if (reason === undefined)
    throw new Outage(`the server answered ${String(status)} to ${call.method} ${call.path}`)
  return reason
}

/** The refusal that a problem stands for; `undefined` where the answer is none that this version knows. */
function problemReason(bytes: Uint8Array): Result<never> | undefined {
  const problem = ProblemSchema.safeParse(readJson(bytes))
  if (!problem.success) return undefined
  const reason = problem.data.type.slice(PROBLEM_TYPE.length)
  if (!isReason(reason)) return undefined
  // The title is a sentence that this version has itself; nobody needs the server's word for it.
  const { detail } = problem.data
  return detail === undefined ? refuse(reason) : refuse(reason, quoted(detail))
}

/** A server's words are shown as a server's words, and move no cursor. */
function quoted(detail: string): string {
  return `the server says: ${detail.replace(PRINTABLE, '?').slice(0, DETAIL_CHARACTERS_MAX)}`
}

function isReason(name: string): name is RefusalReason {
  return REFUSAL_REASONS.some((reason) => reason === name)
}

/** Parses JSON; `undefined` for anything else. */
export function readJson(bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readBody(response: Response, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  try {
    for await (const part of chunksOf(response)) {
      length += part.length
      if (length > bytesMax) break
      parts.push(part)
    }
  } catch (error) {
    throw new Outage('the answer broke off', { cause: error })
  }
  if (length > bytesMax) throw new Outage('the answer is longer than the interface allows')
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    bytes.set(part, offset)
    offset += part.length
  }
  return bytes
}

/** Reads a body piece by piece; Safari cannot iterate over a stream. */
async function* chunksOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel()
  }
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
  })
}
