import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LogSigner } from '#ports/log-signer.ts'
import { Unavailable } from '#ports/storage.ts'
import { openSignerClient } from './signer-client.ts'

/** A signer answers within milliseconds, or something is wrong. */
const TIMEOUT_MILLISECONDS = 10_000
/** Above the length of any answer: a note, or the state. */
const ANSWER_BYTES_MAX = 65_536

/** Where a log signer answers, and what it asks of its callers. */
export interface RemoteSignerSettings {
  /** `unix:/path`, or `http(s)://host:port`. */
  readonly address: string
  /** Bearer secret, where the signer asks for one. */
  readonly secret: string | undefined
}

/** Opens the signer that runs as a process of its own (`dunant log-signer`), for any number of servers. */
export function openRemoteSigner(settings: RemoteSignerSettings): LogSigner {
  return openSignerClient(async (path, body) => {
    try {
      return await post(settings, path, body)
    } catch (cause) {
      throw new Unavailable('the log signer cannot be reached', { cause })
    }
  })
}

async function post(
  settings: RemoteSignerSettings,
  path: string,
  body: string,
): Promise<{ status: number; body: string }> {
  const options: RequestOptions = {
    method: 'POST',
    timeout: TIMEOUT_MILLISECONDS,
    signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS),
    headers: {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(settings.secret === undefined ? {} : { authorization: `Bearer ${settings.secret}` }),
    },
  }
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = open(settings.address, path, options)
    sent.once('response', resolve)
    sent.once('error', reject)
    sent.end(body)
  })
  return { status: response.statusCode ?? 0, body: await readAll(response) }
}

function open(address: string, path: string, options: RequestOptions) {
  if (address.startsWith('unix:'))
    return httpRequest({ ...options, socketPath: address.slice('unix:'.length), path })
  const url = new URL(path, address)
  return url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options)
}

async function readAll(response: IncomingMessage): Promise<string> {
  let text = ''
  response.setEncoding('utf8')
  for await (const chunk of response) {
    text += String(chunk)
    if (text.length > ANSWER_BYTES_MAX) throw new Error('the answer is too long')
  }
  return text
}
