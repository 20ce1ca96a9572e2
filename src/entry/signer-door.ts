import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'
import type { SignerAnswer } from '#adapters/log/signer-desk.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256 } from '#core/hash.ts'

/** Whom a log signer listens to. */
export interface SignerDoor {
  /** A name under which it listens, beside addresses and `localhost`. */
  readonly host: string | undefined
  /** What callers have to know; `undefined` only on a socket that the file system guards. */
  readonly secret: string | undefined
}

const TEXT = 'text/plain; charset=utf-8'
const FOREIGN: SignerAnswer = { status: 403, type: TEXT, body: 'request-foreign\n' }
const NO_JSON: SignerAnswer = { status: 415, type: TEXT, body: 'request-malformed\n' }
const STRANGER: SignerAnswer = { status: 401, type: TEXT, body: 'session-missing\n' }

/**
 * The answer to a request that is not from a server of this log; `undefined` where it may be heard.
 *
 * A web page that somebody near the signer has open can send requests too. It cannot leave out `Origin`, nor set this type of content without
 * asking first; by a name of its own that leads to this machine it could do both, and `Host` tells that name.
 */
export function refuseStranger(
  { headers }: IncomingMessage,
  { host, secret }: SignerDoor,
): SignerAnswer | undefined {
  if (headers.origin !== undefined || !isOwnName(headers.host ?? '', host)) return FOREIGN
  if (headers['content-type'] !== 'application/json') return NO_JSON
  return secret === undefined || isKnown(headers.authorization ?? '', secret) ? undefined : STRANGER
}

/** No name that somebody else may point here; nobody can point an address anywhere. */
function isOwnName(header: string, host: string | undefined): boolean {
  const name = header.replace(/:\d{1,5}$/, '').replace(/^\[(.*)\]$/, '$1')
  return isIP(name) !== 0 || name === 'localhost' || (name !== '' && name === host)
}

/** Digests have one length, so that the comparison tells nothing by its time. */
function isKnown(given: string, secret: string): boolean {
  return timingSafeEqual(sha256(utf8(given)), sha256(utf8(`Bearer ${secret}`)))
}
