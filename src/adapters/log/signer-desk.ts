import { fromBase64, fromHex, hex } from '#core/bytes.ts'
import { formatCheckpoint } from '#core/log/checkpoint.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_ED25519,
  keyIdOf,
  signNote,
  verifierOf,
} from '#core/log/note.ts'
import { checkSignable, NOTHING_SIGNED, type SignerMemory } from '#core/log/signer-memory.ts'
import type { RefusalReason } from '#core/refusal.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { SignableHead } from '#ports/log-signer.ts'

/** Above the length of any request: a proof has at most 64 hashes. */
export const SIGN_REQUEST_BYTES_MAX = 16_384

/** How many hashes a consistency proof between two trees of less than 2^53 leaves may have, and a few more. */
const PROOF_HASHES_MAX = 64

/** The last tree that was signed, and the key that signed it. */
export interface Remembered extends SignerMemory {
  /** Hex of the key id; '' where nothing was signed, or before keys were remembered. */
  readonly keyId: string
}

/** Where a signer remembers; outside the database, so that a restored one cannot fork the log. */
export interface MemoryStore {
  read(): Promise<Remembered>
  /** Durable when it resolves. @throws Unavailable */
  write(next: Remembered): Promise<void>
}

/** A log's keys and memory. */
export interface SignerDesk {
  readonly origin: string
  /** 32-byte Ed25519 seeds: of the key in use, and of the one that is prepared to follow it. Asked at each request. */
  readonly seeds: () => readonly Uint8Array[]
  readonly memory: MemoryStore
  /** Hears that the prepared key has taken over, before its first note is given away. */
  readonly onSwitch?: () => void
}

/** A request to a signer, by whatever way it came. */
export interface SignerRequest {
  readonly path: string
  readonly body: string
}

/** An answer, as HTTP would give it. */
export interface SignerAnswer {
  readonly status: number
  readonly type: string
  readonly body: string
}

interface SignRequest extends SignableHead {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
}

/**
 * Answers one request; the caller sees to it that no two run at once.
 *
 * `/memory` tells the last tree and the keys. `/sign` takes `{oldSize, proof, root, size, vkey}` and gives the note; 409 and the size it
 * signed last where the proof begins elsewhere (C2SP tlog-witness); 422 and the name of a refusal.
 *
 * @throws Unavailable when the memory cannot be written; nothing was signed then.
 */
export async function answerSigner(
  desk: SignerDesk,
  request: SignerRequest,
): Promise<SignerAnswer> {
  const memory = await desk.memory.read()
  if (request.path === '/memory') return json(stateOf(desk, memory))
  if (request.path !== '/sign') return text(404, 'not-found')
  const wanted = readSignRequest(request.body)
  if (wanted === undefined) return text(400, 'request-malformed')
  if (wanted.oldSize !== memory.size)
    return { status: 409, type: 'text/x.tlog.size', body: `${String(memory.size)}\n` }
  const signed = await sign(desk, memory, wanted)
  return signed.ok
    ? { status: 200, type: 'text/plain; charset=utf-8', body: signed.value }
    : text(422, signed.refusal.reason)
}

async function sign(
  desk: SignerDesk,
  memory: Remembered,
  wanted: SignRequest,
): Promise<Result<string>> {
  const { origin } = desk
  const { size, root, vkey } = wanted
  const keys = usableKeys(desk, memory)
  const key = keys.find((candidate) => candidate.vkey === vkey)
  if (key === undefined) return refuse('key-missing')
  const signable = checkSignable(memory, { size, root }, wanted.proof)
  if (!signable.ok) return signable
  await desk.memory.write({ size, root, keyId: key.id })
  if (key !== keys[0]) desk.onSwitch?.()
  const checkpoint = formatCheckpoint({ origin, size, root })
  const line = signNote(checkpoint, { name: origin, seed: key.seed })
  return accept(formatNote({ text: checkpoint, signatures: [line] }))
}

interface Key {
  readonly seed: Uint8Array
  readonly vkey: string
  readonly id: string
}

/**
 * The key in use and the one prepared to follow it. Once the later one has signed, the earlier one is not among them any more.
 *
 * @throws Error when the memory is of a key that is not here: it belongs to another log, or the key was replaced by hand.
 */
function usableKeys({ origin, seeds }: SignerDesk, memory: Remembered): readonly Key[] {
  const keys = seeds().map((seed) => {
    const verifier = verifierOf({ name: origin, seed }, KEY_TYPE_ED25519)
    return { seed, vkey: formatVkey(verifier), id: hex(keyIdOf(verifier)) }
  })
  if (memory.keyId === '') return keys
  const inUse = keys.findIndex(({ id }) => id === memory.keyId)
  if (inUse < 0) throw new Error('the memory of the log signer is of a key that it does not hold')
  return keys.slice(inUse)
}

function stateOf(desk: SignerDesk, memory: Remembered): object {
  const vkeys = usableKeys(desk, memory).map(({ vkey }) => vkey)
  return { root: hex(memory.root), size: memory.size, vkeys }
}

/** Reads a request strictly; other signers may be reached over a network. */
function readSignRequest(body: string): SignRequest | undefined {
  const { oldSize, proof, root, size, vkey, ...rest } = readObject(body)
  const rootBytes = typeof root === 'string' ? fromHex(root) : undefined
  const hashes = Array.isArray(proof) && proof.length <= PROOF_HASHES_MAX ? proof.map(hashOf) : []
  if (!Array.isArray(proof) || hashes.length !== proof.length) return undefined
  if (!isSize(oldSize) || !isSize(size) || typeof vkey !== 'string') return undefined
  if (rootBytes?.length !== 32 || Object.keys(rest).length > 0) return undefined
  return { oldSize, size, vkey, root: rootBytes, proof: hashes }
}

function readObject(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** What is no base64 becomes a hash without bytes, which no proof holds with. */
function hashOf(value: unknown): Uint8Array {
  return (typeof value === 'string' ? fromBase64(value) : undefined) ?? new Uint8Array()
}

function isSize(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function json(value: object): SignerAnswer {
  return { status: 200, type: 'application/json', body: JSON.stringify(value) }
}

function text(status: number, reason: RefusalReason): SignerAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: `${reason}\n` }
}

/** The refusals that a signer answers by name. */
const REFUSALS = ['checkpoint-older', 'checkpoint-inconsistent', 'key-missing'] as const

/** The refusal that an answer of `/sign` names. */
export function refusalIn({
  body,
  status,
}: Pick<SignerAnswer, 'body' | 'status'>): (typeof REFUSALS)[number] | undefined {
  return status === 422 ? REFUSALS.find((name) => body === `${name}\n`) : undefined
}

/** Writes a memory as one line: size, root in hex and, once something was signed, the key id in hex. */
export function formatMemory({ keyId, root, size }: Remembered): string {
  return `${[String(size), hex(root), ...(keyId === '' ? [] : [keyId])].join(' ')}\n`
}

/** Reads what `formatMemory` wrote; `undefined` for anything else. */
export function parseMemory(line: string): Remembered | undefined {
  const [, size, root = '', keyId = ''] =
    /^(0|[1-9][0-9]{0,15}) ([0-9a-f]{64})(?: ([0-9a-f]{8}))?\n$/.exec(line) ?? []
  const bytes = fromHex(root)
  return size === undefined || bytes === undefined
    ? undefined
    : { size: Number(size), root: bytes, keyId }
}

/** What a key that has signed nothing remembers. */
export const EMPTY_MEMORY: Remembered = { ...NOTHING_SIGNED, keyId: '' }
