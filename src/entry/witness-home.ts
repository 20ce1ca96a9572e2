import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { beginWitnessMemory } from '#adapters/log/file-witness-memory.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { fromHex, hex } from '#core/bytes.ts'
import {
  formatVkey,
  isKeyName,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  parseVkey,
  type VerifierKey,
  verifierOf,
} from '#core/log/note.ts'
import { Secret } from './secrets.ts'

const Vkey = z.string().max(4096)

/** What a witness is told, in `witness.json` of its home folder. */
const WitnessFileSchema = z.strictObject({
  logs: z
    .array(z.strictObject({ keys: z.array(Vkey).min(1).max(16), origin: z.string() }))
    .max(1000),
  name: z.string().max(255).refine(isKeyName),
})

type WitnessFile = z.infer<typeof WitnessFileSchema>

/** A witness's home, read and checked. */
export interface WitnessHome {
  readonly name: string
  readonly seed: Secret<Uint8Array>
  readonly vkey: string
  /** Keys of the logs that it watches, by origin. */
  readonly logs: ReadonlyMap<string, readonly VerifierKey[]>
  /** The folder with one file for each log: what was cosigned last. */
  readonly memory: string
}

/** Tells whether a folder is a witness's home already. */
export function isWitnessHome(home: string): boolean {
  return existsSync(pathsOf(home).file)
}

/**
 * Makes a witness's home with a key of its own, and answers its verifier key. The settings are written last: a home that was interrupted
 * half-way is none.
 *
 * @throws Error when the folder is a home already, or the name cannot be that of a key.
 */
export function createWitnessHome(home: string, name: string): string {
  if (isWitnessHome(home)) throw new Error(`${home} is a witness's home already`)
  const paths = pathsOf(home)
  for (const folder of [home, join(home, 'keys'), paths.memory])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  const seed = systemRandom.bytes(32)
  const vkey = formatVkey(verifierOf({ name, seed }, KEY_TYPE_COSIGNATURE))
  writeDurably(paths.seed, `${hex(seed)}\n`)
  writeFile(paths.file, { logs: [], name })
  return vkey
}

/**
 * Has a witness watch a log, or know one more key of a log that it watches. The memory of a new log is begun first, so that no crash leaves
 * a log that is watched without one.
 *
 * @param isNew whether this witness is to cosign a log that it does not watch yet, from any tree on
 * @throws Error where the log is watched already and `isNew` is set, or the other way round, and for a key that is none.
 */
export function followLog(home: string, vkey: string, isNew: boolean): void {
  const paths = pathsOf(home)
  const key = parseVkey(vkey)
  if (!key.ok || key.value.type !== KEY_TYPE_ED25519)
    throw new Error('a log is followed by its verifier key: NAME+KEYID+BASE64, of type 01')
  const origin = key.value.name
  const file = readFile(paths.file)
  const known = file.logs.find((log) => log.origin === origin)
  if (known === undefined && !isNew)
    throw new Error(`the log ${origin} is not watched yet: say --new to begin`)
  if (known !== undefined && isNew)
    throw new Error(`the log ${origin} is watched already: without --new it gets one more key`)
  // One more key must not begin a memory that was lost.
  if (isNew) beginWitnessMemory(paths.memory, origin)
  const keys = [...new Set([...(known?.keys ?? []), vkey])]
  const others = file.logs.filter((log) => log.origin !== origin)
  writeFile(paths.file, { ...file, logs: [...others, { keys, origin }] })
}

/**
 * Reads a witness's home.
 *
 * @throws Error when a part of it is missing or malformed.
 */
export function readWitnessHome(home: string): WitnessHome {
  const paths = pathsOf(home)
  const { logs, name } = readFile(paths.file)
  const seed = fromHex(readFileSync(paths.seed, 'utf8').trim())
  if (seed?.length !== 32) throw new Error(`${paths.seed} does not hold 32 bytes of hex`)
  return {
    name,
    seed: new Secret(seed),
    vkey: formatVkey(verifierOf({ name, seed }, KEY_TYPE_COSIGNATURE)),
    logs: new Map(logs.map(({ keys, origin }) => [origin, keys.map((key) => logKey(key, origin))])),
    memory: paths.memory,
  }
}

function logKey(vkey: string, origin: string): VerifierKey {
  const key = parseVkey(vkey)
  if (!key.ok || key.value.name !== origin || key.value.type !== KEY_TYPE_ED25519)
    throw new Error(`witness.json: a key of ${origin} is not one of that log`)
  return key.value
}

function pathsOf(home: string): { file: string; memory: string; seed: string } {
  return {
    file: join(home, 'witness.json'),
    memory: join(home, 'logs'),
    seed: join(home, 'keys', 'witness.seed'),
  }
}

function readFile(path: string): WitnessFile {
  const parsed = WitnessFileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!parsed.success) throw new Error(`witness.json: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function writeFile(path: string, file: WitnessFile): void {
  writeDurably(path, `${JSON.stringify(WitnessFileSchema.parse(file), undefined, 2)}\n`)
}
