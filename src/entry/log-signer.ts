import { timingSafeEqual } from 'node:crypto'
import { chmodSync, existsSync, unlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { openMemoryFile } from '#adapters/log/memory-file.ts'
import { openSignerClient } from '#adapters/log/signer-client.ts'
import {
  refusalIn,
  SIGN_REQUEST_BYTES_MAX,
  type SignerAnswer,
  type SignerDesk,
} from '#adapters/log/signer-desk.ts'
import { type AnswerSigner, answerInTurn } from '#adapters/log/signer-queue.ts'
import { jsonEvents } from '#adapters/system/events.ts'
import { sha256 } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import type { SignerState } from '#ports/log-signer.ts'
import { readSignerHome, readSignerSecret, settleLogKey } from './home.ts'
import { deskOf } from './open-signer.ts'

const CONNECTIONS_MAX = 256
const REQUEST_MILLISECONDS_MAX = 10_000
const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/

/** What one signer process is started with. */
export interface LogSignerOptions {
  /** A home folder with `server.json`, `keys/log.seed` and `log-memory`. */
  readonly home: string
  /** A path for a Unix socket, or an address and a port. */
  readonly listen: { readonly socket: string } | { readonly host: string; readonly port: number }
  /** Receives one line of JSON per event. */
  readonly log: (line: string) => void
}

/** A signer that listens. */
export interface RunningLogSigner {
  /** As `DUNANT_LOG_SIGNER` takes it. */
  readonly address: string
  readonly origin: string
  readonly state: SignerState
  close(): Promise<void>
}

/**
 * Starts the one process that holds a log's key and memory, for any number of servers. The caller holds the lock of the home.
 *
 * @throws Error when key or memory is missing or damaged, and where it is to listen beyond this machine without a secret.
 */
export async function startLogSigner(options: LogSignerOptions): Promise<RunningLogSigner> {
  const home = readSignerHome(options.home)
  const secret = readSignerSecret(home.paths)
  const { listen } = options
  if ('host' in listen && !LOOPBACK.test(listen.host) && secret === undefined)
    throw new Error(
      'a log signer that listens beyond this machine needs a secret: dunant log-signer secret',
    )
  const { newLog, path, ...keys } = deskOf(home)
  const desk: SignerDesk = { ...keys, memory: openMemoryFile({ path, newLog }) }
  const events = jsonEvents(options.log)
  const answer = answerInTurn(desk, (found) => {
    const reason = refusalIn(found)
    if (reason !== undefined) events.signerRefused({ reason })
  })
  const state = await openSignerClient(async (at, body) => await answer({ path: at, body })).state()
  settleLogKey(home, state.vkeys[0] ?? '')
  const server = createServer({ requestTimeout: REQUEST_MILLISECONDS_MAX }, (request, response) => {
    void respond({ answer, secret }, request, response)
  })
  server.maxConnections = CONNECTIONS_MAX
  const address = await listenAt(server, listen)
  events.listening({ url: address })
  return {
    address,
    origin: home.file.origin,
    state,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeIdleConnections()
      })
    },
  }
}

const TEXT = 'text/plain; charset=utf-8'
const STRANGER: SignerAnswer = { status: 401, type: TEXT, body: 'session-missing\n' }
const TOO_LARGE: SignerAnswer = { status: 413, type: TEXT, body: 'request-too-large\n' }
const FAILED: SignerAnswer = { status: 500, type: TEXT, body: 'internal-error\n' }

async function respond(
  { answer, secret }: { readonly answer: AnswerSigner; readonly secret: string | undefined },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let found = FAILED
  try {
    if (!isKnown(request, secret)) found = STRANGER
    else {
      const body = await readBody(request)
      found = body === undefined ? TOO_LARGE : await answer({ path: request.url ?? '', body })
    }
  } catch {
    // The connection broke, or the memory is not one: nothing was signed, and nothing more is told.
  }
  response.writeHead(found.status, {
    'content-type': found.type,
    ...(found.status === 503 ? { 'retry-after': '1' } : {}),
    ...(found === TOO_LARGE ? { connection: 'close' } : {}),
  })
  response.end(found.body)
}

/** Digests have one length, so that the comparison tells nothing by its time. */
function isKnown(request: IncomingMessage, secret: string | undefined): boolean {
  if (secret === undefined) return true
  const given = request.headers.authorization ?? ''
  return timingSafeEqual(sha256(utf8(given)), sha256(utf8(`Bearer ${secret}`)))
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  let body = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    body += String(chunk)
    if (body.length > SIGN_REQUEST_BYTES_MAX) return undefined
  }
  return body
}

async function listenAt(server: Server, at: LogSignerOptions['listen']): Promise<string> {
  if ('socket' in at && existsSync(at.socket) && !(await isAnswering(at.socket)))
    unlinkSync(at.socket)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const ready = (): void => {
      server.off('error', reject)
      resolve()
    }
    if ('socket' in at) server.listen(at.socket, ready)
    else server.listen(at.port, at.host, ready)
  })
  if ('socket' in at) {
    chmodSync(at.socket, 0o660)
    return `unix:${at.socket}`
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return `http://${host}:${String(address.port)}`
}

/** A socket that nobody answers on was left by a process that was killed. */
async function isAnswering(path: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const probe = connect(path)
    const end = (isUp: boolean) => (): void => {
      probe.destroy()
      resolve(isUp)
    }
    probe.once('connect', end(true))
    probe.once('error', end(false))
  })
}
