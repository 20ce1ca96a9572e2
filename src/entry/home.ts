import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { base64, fromHex, hex } from '#core/bytes.ts'
import { EMPTY_ROOT } from '#core/log/merkle.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import { formatServerFile, parseServerFile, type ServerFile } from './config.ts'
import { Secret } from './secrets.ts'

/** Where things stand in a server's home folder. */
export interface ServerPaths {
  readonly blobs: string
  readonly challengeSecret: string
  readonly database: string
  readonly logMemory: string
  readonly logSeed: string
  readonly serverFile: string
  readonly serviceKey: string
}

/** What a server needs of its home. */
export interface ServerHome {
  readonly paths: ServerPaths
  readonly file: ServerFile
  readonly challengeSecret: Secret<Uint8Array>
  readonly logSeed: Secret<Uint8Array>
  readonly serviceKey: Secret<string>
}

/** What a charter says about the server: founders copy it from here. */
export interface ServerTerms {
  readonly origin: string
  /** Base64 certificate. */
  readonly service_certificate: string
  /** Note verifier key. */
  readonly log_key: string
}

/** Names the files of a home folder. */
export function serverPaths(home: string): ServerPaths {
  return {
    blobs: join(home, 'blobs'),
    challengeSecret: join(home, 'keys', 'challenge.secret'),
    database: join(home, 'dunant.sqlite'),
    logMemory: join(home, 'log-memory'),
    logSeed: join(home, 'keys', 'log.seed'),
    serverFile: join(home, 'server.json'),
    serviceKey: join(home, 'keys', 'service.asc'),
  }
}

/** Tells whether a folder is a server's home already. */
export function isServerHome(home: string): boolean {
  return existsSync(serverPaths(home).serverFile)
}

/**
 * Makes a server's home: service key, log key with an empty memory, challenge secret, settings.
 *
 * The settings are written last: a home that was interrupted half-way is none.
 *
 * @throws Error when the folder is a home already.
 */
export async function createServerHome(home: string, settings: ServerFile): Promise<ServerTerms> {
  if (isServerHome(home)) throw new Error(`${home} is a server's home already`)
  const paths = serverPaths(home)
  for (const folder of [home, join(home, 'keys'), paths.blobs])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  const service = await generateServiceKey({ origin: settings.origin, date: systemClock.now() })
  const seed = systemRandom.bytes(32)
  writeNew(paths.serviceKey, service.privateArmored)
  writeNew(paths.logSeed, `${hex(seed)}\n`)
  writeNew(paths.challengeSecret, `${hex(systemRandom.bytes(32))}\n`)
  writeNew(paths.logMemory, `0 ${hex(EMPTY_ROOT)}\n`)
  writeNew(paths.serverFile, formatServerFile(settings))
  return termsOf(settings.origin, { certificate: service.publicBytes, seed })
}

/** What the charter of a server must say about it. */
export function termsOf(
  origin: string,
  keys: { certificate: Uint8Array; seed: Uint8Array },
): ServerTerms {
  return {
    origin,
    service_certificate: base64(keys.certificate),
    log_key: formatVkey(verifierOf({ name: origin, seed: keys.seed }, KEY_TYPE_ED25519)),
  }
}

/** Tells a server which charter to accept. It is asked once: another genesis is refused. */
export function setGenesis(home: string, genesis: string): void {
  const paths = serverPaths(home)
  const file = parseServerFile(readFileSync(paths.serverFile, 'utf8'))
  if (file.genesis !== undefined && file.genesis !== genesis)
    throw new Error('this server has another genesis id already')
  writeNew(paths.serverFile, formatServerFile({ ...file, genesis }))
}

/**
 * Reads a server's home.
 *
 * @throws Error when a part of it is missing or malformed.
 */
export function readServerHome(home: string): ServerHome {
  const paths = serverPaths(home)
  return {
    paths,
    file: parseServerFile(readFileSync(paths.serverFile, 'utf8')),
    challengeSecret: new Secret(readBytes(paths.challengeSecret)),
    logSeed: new Secret(readBytes(paths.logSeed)),
    serviceKey: new Secret(readFileSync(paths.serviceKey, 'utf8')),
  }
}

function readBytes(path: string): Uint8Array {
  const bytes = fromHex(readFileSync(path, 'utf8').trim())
  if (bytes?.length !== 32) throw new Error(`${path} does not hold 32 bytes of hex`)
  return bytes
}

function writeNew(path: string, text: string): void {
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}
