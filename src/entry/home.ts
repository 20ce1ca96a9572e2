import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import { openMemoryFile } from '#adapters/log/memory-file.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { syncFolder, writeDurably } from '#adapters/system/durable-file.ts'
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
  /** Of the log key that follows, once a charter names it. */
  readonly logNextSeed: string
  readonly logSeed: string
  readonly serverFile: string
  readonly serviceKey: string
  /** Of the service key that follows, once a charter names it. */
  readonly serviceNextKey: string
  /** Bearer secret between servers and their log signer. */
  readonly signerSecret: string
}

/** What a server needs of its home. */
export interface ServerHome {
  readonly paths: ServerPaths
  readonly file: ServerFile
  readonly challengeSecret: Secret<Uint8Array>
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

/** Names the files of a home folder; the keys may be in a folder elsewhere. */
export function serverPaths(home: string, keys = join(home, 'keys')): ServerPaths {
  return {
    blobs: join(home, 'blobs'),
    challengeSecret: join(keys, 'challenge.secret'),
    database: join(home, 'dunant.sqlite'),
    logMemory: join(home, 'log-memory'),
    logNextSeed: join(keys, 'log.next.seed'),
    logSeed: join(keys, 'log.seed'),
    serverFile: join(home, 'server.json'),
    serviceKey: join(keys, 'service.asc'),
    serviceNextKey: join(keys, 'service.next.asc'),
    signerSecret: join(keys, 'signer.secret'),
  }
}

/** The files that nobody but the server may read; those of keys that follow may be absent. */
export function keyFiles(paths: ServerPaths): readonly string[] {
  const { challengeSecret, logNextSeed, logSeed, serviceKey, serviceNextKey } = paths
  return [challengeSecret, logNextSeed, logSeed, serviceKey, serviceNextKey]
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
 * @throws Error when the folder is a home already, or its log key has signed: such a key is not replaced because the settings are gone.
 */
export async function createServerHome(home: string, settings: ServerFile): Promise<ServerTerms> {
  if (isServerHome(home)) throw new Error(`${home} is a server's home already`)
  const paths = serverPaths(home)
  if ((await openMemoryFile({ path: paths.logMemory, newLog: true }).read()).size > 0)
    throw new Error(`${home} has signed a log and lacks its server.json: bring that back`)
  for (const folder of [home, join(home, 'keys'), paths.blobs])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  const service = await generateServiceKey({ origin: settings.origin, date: systemClock.now() })
  const seed = systemRandom.bytes(32)
  writeDurably(paths.serviceKey, service.privateArmored)
  writeDurably(paths.logSeed, `${hex(seed)}\n`)
  writeDurably(paths.challengeSecret, `${hex(systemRandom.bytes(32))}\n`)
  writeDurably(paths.logMemory, `0 ${hex(EMPTY_ROOT)}\n`)
  writeDurably(paths.serverFile, formatServerFile(settings))
  return termsOf(settings.origin, { certificate: service.publicBytes, seed })
}

/**
 * Reads what a log signer needs of a home beside key and memory: of the folder that `createServerHome` made it may be no more than
 * `server.json`, `keys/log.seed` and `log-memory`.
 *
 * @throws Error when the settings are missing or malformed.
 */
export function readSignerHome(home: string): Pick<ServerHome, 'file' | 'paths'> {
  const paths = serverPaths(home)
  return { paths, file: parseServerFile(readFileSync(paths.serverFile, 'utf8')) }
}

/**
 * Makes the secret that a log signer and its servers share; one that is there stays.
 *
 * @returns the file that the servers need in their own `keys` folders
 */
export function makeSignerSecret(home: string): string {
  const { signerSecret } = readSignerHome(home).paths
  if (!existsSync(signerSecret)) writeDurably(signerSecret, `${hex(systemRandom.bytes(32))}\n`)
  return signerSecret
}

/**
 * Reads the log key in use and, where one was prepared to follow it, the next one.
 *
 * @throws Error when the key is missing or malformed.
 */
export function readLogSeeds(paths: ServerPaths): Secret<readonly Uint8Array[]> {
  const next = existsSync(paths.logNextSeed) ? [readBytes(paths.logNextSeed)] : []
  return new Secret([readBytes(paths.logSeed), ...next])
}

/**
 * The secret that a log signer and its servers share, where there is one: 64 hex digits.
 *
 * @throws Error when it is malformed.
 */
export function readSignerSecret(paths: ServerPaths): string | undefined {
  return existsSync(paths.signerSecret) ? hex(readBytes(paths.signerSecret)) : undefined
}

/**
 * Prepares the log key that follows the one in use, and tells its verifier key for the `charter.amend` that names it. A key that was prepared
 * before stays the one.
 */
export function prepareLogKey(home: string): { readonly log_key: string; readonly isNew: boolean } {
  const { file, paths } = readSignerHome(home)
  const isNew = !existsSync(paths.logNextSeed)
  if (isNew) writeDurably(paths.logNextSeed, `${hex(systemRandom.bytes(32))}\n`)
  return { log_key: vkeyOf(file.origin, readBytes(paths.logNextSeed)), isNew }
}

/**
 * Puts the prepared log key in the place of the one before, whose seed is gone then: it must never sign again. Where its file cannot be
 * written, the signer's memory keeps the old key from signing.
 */
export function promoteLogKey({ logNextSeed, logSeed }: ServerPaths): void {
  replaceKeyFile(logNextSeed, logSeed)
}

/** The same for the service key; where its file cannot be written, the charter says which key signs. */
export function promoteServiceKey({ serviceKey, serviceNextKey }: ServerPaths): void {
  replaceKeyFile(serviceNextKey, serviceKey)
}

/** Credentials of systemd cannot be written: there the operator moves the file. */
function replaceKeyFile(next: string, inUse: string): void {
  try {
    renameSync(next, inUse)
  } catch (error) {
    if (isReadOnly(error)) return
    throw error
  }
  syncFolder(dirname(inUse))
}

function isReadOnly(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM'
}

/** Finishes a change of log keys that was cut off after the prepared key had signed. */
export function settleLogKey(home: Pick<ServerHome, 'file' | 'paths'>, inUse: string): void {
  const { file, paths } = home
  if (existsSync(paths.logNextSeed) && vkeyOf(file.origin, readBytes(paths.logNextSeed)) === inUse)
    promoteLogKey(paths)
}

function vkeyOf(origin: string, seed: Uint8Array): string {
  return formatVkey(verifierOf({ name: origin, seed }, KEY_TYPE_ED25519))
}

/** What the charter of a server must say about it. */
export function termsOf(
  origin: string,
  keys: { certificate: Uint8Array; seed: Uint8Array },
): ServerTerms {
  return {
    origin,
    service_certificate: base64(keys.certificate),
    log_key: vkeyOf(origin, keys.seed),
  }
}

/** Tells a server which charter to accept. It is asked once: another genesis is refused. */
export function setGenesis(home: string, genesis: string): void {
  const paths = serverPaths(home)
  const file = parseServerFile(readFileSync(paths.serverFile, 'utf8'))
  if (file.genesis !== undefined && file.genesis !== genesis)
    throw new Error('this server has another genesis id already')
  writeDurably(paths.serverFile, formatServerFile({ ...file, genesis }))
}

/**
 * Reads a server's home.
 *
 * @throws Error when a part of it is missing or malformed.
 */
export function readServerHome(home: string, keys?: string): ServerHome {
  const paths = serverPaths(home, keys)
  return {
    paths,
    file: parseServerFile(readFileSync(paths.serverFile, 'utf8')),
    challengeSecret: new Secret(readBytes(paths.challengeSecret)),
    serviceKey: new Secret(readFileSync(paths.serviceKey, 'utf8')),
  }
}

function readBytes(path: string): Uint8Array {
  const bytes = fromHex(readFileSync(path, 'utf8').trim())
  if (bytes?.length !== 32) throw new Error(`${path} does not hold 32 bytes of hex`)
  return bytes
}
