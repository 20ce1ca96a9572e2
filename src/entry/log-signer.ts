import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
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
import type { SignerState } from '#ports/log-signer.ts'
import { startAlone } from './held-home.ts'
import { makeSignerSecret, readSignerHome, readSignerSecret, settleLogKey } from './home.ts'
import { closeServer, urlOf } from './listen.ts'
import { deskOf } from './open-signer.ts'
import { refuseStranger, type SignerDoor } from './signer-door.ts'
import { listenOnSocket, type SocketPlace } from './signer-socket.ts'

const CONNECTIONS_MAX = 256
const REQUEST_MILLISECONDS_MAX = 10_000

/** What one signer process is started with. */
export interface LogSignerOptions {
  /** A home folder with `server.json`, `keys/log.seed` and `log-memory`. */
  readonly home: string
  /** A Unix socket, or an address and a port: there the secret is asked for, and made where there is none. */
  readonly listen: SocketPlace | { readonly host: string; readonly port: number }
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
 * Starts the one process that holds a log's key and memory, for any number of servers.
 *
 * @throws Error when key or memory is missing or damaged, and where it cannot listen as safely as it must. @throws Unavailable where another
 * process holds the home.
 */
export async function startLogSigner(options: LogSignerOptions): Promise<RunningLogSigner> {
  return await startAlone(options.home, async () => await startInHome(options))
}

async function startInHome(options: LogSignerOptions): Promise<RunningLogSigner> {
  const home = readSignerHome(options.home)
  const { listen } = options
  const door = doorOf(options)
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
    void respond({ answer, door }, request, response)
  })
  server.maxConnections = CONNECTIONS_MAX
  const address = await listenAt(server, listen)
  events.listening({ url: address })
  return {
    address,
    origin: home.file.origin,
    state,
    close: async () => {
      await closeServer(server)
    },
  }
}

/** A port is open to everybody on the machine, so that it asks for the secret in any case. */
function doorOf({ home, listen }: LogSignerOptions): SignerDoor {
  if ('host' in listen) makeSignerSecret(home)
  const secret = readSignerSecret(readSignerHome(home).paths)
  return { host: 'host' in listen ? listen.host : undefined, secret }
}

const TEXT = 'text/plain; charset=utf-8'
const TOO_LARGE: SignerAnswer = { status: 413, type: TEXT, body: 'request-too-large\n' }
const FAILED: SignerAnswer = { status: 500, type: TEXT, body: 'internal-error\n' }

async function respond(
  { answer, door }: { readonly answer: AnswerSigner; readonly door: SignerDoor },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let found = FAILED
  try {
    const refused = refuseStranger(request, door)
    if (refused !== undefined) found = refused
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
  if ('socket' in at) return await listenOnSocket(server, at)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(at.port, at.host, () => {
      server.off('error', reject)
      resolve()
    })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  return urlOf(address)
}
