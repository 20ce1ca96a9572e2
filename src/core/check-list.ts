import { concat, fromUtf8, sameBytes, utf8 } from './bytes.ts'
import { canonicalJson, type Json, readCanonical } from './canonical-json.ts'
import { hmacSha256, sha256 } from './hash.ts'
import { accept, refuse, type Result } from './result.ts'
import { formatInstant } from './time.ts'

// The reasons for every number here: src/decisions/0017-check-lists.md.

/** A list is made of parts of one size: first its buckets, then its texts. */
export const PART_BYTES = 32_768
/** What one code takes. A bucket is a part full of slots, most of them random bytes that nobody can tell from a code's. */
export const SLOT_BYTES = 64
/** The smallest piece of a text; a text takes as many, one after the other, as it needs. */
export const RECORD_BYTES = 4096
/** A list has as many buckets as it needs, a power of two up to this. */
export const BUCKETS_MAX = 8192
/** How many parts the texts of a list may take. */
export const TEXT_PARTS = [1, 4, 16, 64] as const
/** Lists are uploaded, kept and fetched whole in chunks of so many parts. */
export const CHUNK_PARTS = 128
/** How many chunks the longest list has. */
export const CHUNKS_MAX = 65
/** Lists are released at 00:00, 06:00, 12:00 and 18:00 UTC, whether or not anything happened. */
export const RELEASE_SECONDS = 21_600
/** The work of one guess: scrypt (RFC 7914) with N = 2^13, r = 8, p = 1, for 32 bytes. */
export const CHECK_SCRYPT = { cost: 8192, blockSize: 8, parallelization: 1, keyBytes: 32 } as const

/** What a list says of a code. A value is its place in this order, from 1. */
export const CHECK_STATUSES = ['valid', 'updated', 'corrected', 'withdrawn', 'published'] as const
/** One of `CHECK_STATUSES`. */
export type CheckStatus = (typeof CHECK_STATUSES)[number]

/** What a list is keyed by: the code with the account it was issued to, or, for telephone desks, the code alone. */
export const CHECK_KEYINGS = ['account', 'code'] as const
/** One of `CHECK_KEYINGS`. */
export type CheckKeying = (typeof CHECK_KEYINGS)[number]

const SALT_LABEL = 'dunant-check-v1'
const PLACE_LABEL = 'dunant-check-place-v1'
const TAG_LABEL = 'dunant-check-tag-v1'
const SLOT_LABEL = 'dunant-check-slot-v1'
const TEXT_LABEL = 'dunant-check-text-v1'
const TAG_BYTES = 16
const TEXT_KEY_BYTES = 16
const KEY_AT = 6
const PLAIN_BYTES = 32
const GCM_TAG_BYTES = 16
const LENGTH_BYTES = 4
const MONTHS_OF_QUARTER = 3

/** Which list a secret belongs to: two lists never share one, and nobody can pass another's list off as their own. */
export interface ListIdentity {
  /** The party that publishes it. */
  readonly filer: string
  /** POSIX seconds. */
  readonly release: number
  /** 64 hex digits, drawn anew for each list. */
  readonly salt: string
}

/** What a slot says. */
export interface CheckEntry {
  readonly status: CheckStatus
  /** Days since 1970-01-01 since which it is so. */
  readonly sinceDay: number
  /** Where its text stands, and the key of that text. */
  readonly text: TextPlace
}

/** Where a text stands in a list. */
export interface TextPlace {
  /** Index of its first record. */
  readonly first: number
  readonly records: number
  /** 16 bytes. */
  readonly key: Uint8Array
}

/** The parts of a list by their number. */
export interface ListShape {
  readonly buckets: number
  readonly texts: number
}

/** The quarter of a release, such as `2026-Q4`: scrypt's salt changes with it, so that a key is computed once in three months. */
export function epochOf(release: number): string {
  const [year = '', month = ''] = formatInstant(release).split('-')
  return `${year}-Q${String(Math.ceil(Number(month) / MONTHS_OF_QUARTER))}`
}

/** The release in force at an instant, and the next one is `RELEASE_SECONDS` later. POSIX seconds. */
export function releaseAt(now: number): number {
  return now - (now % RELEASE_SECONDS)
}

/** scrypt's salt: 32 bytes, the same for all filers of a coalition, so that a checker computes one key. */
export function checkSalt(genesis: string, epoch: string): Uint8Array {
  return sha256(utf8(`${SALT_LABEL}\n${genesis}\n${epoch}\n`))
}

/**
 * scrypt's password: the canonical code, and behind it the account in the form that `normaliseAccount` gives, or nothing in a list that is
 * keyed by the code alone. All codes have the same length, so two pairs never make one password.
 */
export function checkPassword(code: string, account?: string): Uint8Array {
  return utf8(`${code}${account ?? ''}`)
}

/** Where a key's slot stands, as a number below 2^16. It depends on nothing but the key, so asking many lists tells no more than asking one. */
export function placeOf(key: Uint8Array): number {
  const [high = 0, low = 0] = hmacSha256(key, utf8(PLACE_LABEL))
  return high * 256 + low
}

/** The bucket of a place: its leading bits. */
export function bucketOf(place: number, { buckets }: Pick<ListShape, 'buckets'>): number {
  return Math.floor((place * buckets) / 65_536)
}

/** By what a slot is found in its bucket: 16 bytes, other ones in each list. */
export function tagOf(key: Uint8Array, list: ListIdentity): Uint8Array {
  return hmacSha256(key, utf8(`${TAG_LABEL}\n${contextOf(list)}`)).slice(0, TAG_BYTES)
}

/** Makes a slot: the tag, then the entry under AES-256-GCM with a key that is used for this slot alone, hence without a nonce. */
export async function sealSlot(
  key: Uint8Array,
  list: ListIdentity,
  entry: CheckEntry,
): Promise<Uint8Array> {
  return concat(tagOf(key, list), await seal(slotKey(key, list), plainOf(entry)))
}

/**
 * Finds a key's slot in its bucket, and opens it; `undefined` where the bucket has none.
 *
 * Every slot is looked at, whatever is found. Refuses `check-list-malformed` where a slot has the tag and is not of its form: only
 * whoever knew the key can have made it so.
 */
export async function openSlot(
  bucket: Uint8Array,
  key: Uint8Array,
  list: ListIdentity,
): Promise<Result<CheckEntry | undefined>> {
  const tag = tagOf(key, list)
  let found: Uint8Array | undefined
  for (let at = 0; at + SLOT_BYTES <= bucket.length; at += SLOT_BYTES) {
    if (sameBytes(bucket.subarray(at, at + TAG_BYTES), tag))
      found = bucket.subarray(at + TAG_BYTES, at + SLOT_BYTES)
  }
  if (found === undefined) return accept(undefined)
  const plain = await open(slotKey(key, list), found)
  const entry = plain === undefined ? undefined : entryOf(plain)
  return entry === undefined ? refuse('check-list-malformed', 'a slot is damaged') : accept(entry)
}

/** How many records a text takes. */
export function recordsOf(text: Json): number {
  const bytes = canonicalJson(text).length + LENGTH_BYTES + GCM_TAG_BYTES
  return Math.ceil(bytes / RECORD_BYTES)
}

/** Makes the records of a text: its length, its canonical JSON, zeros, under AES-256-GCM with the key of its place. */
export async function sealText(
  place: TextPlace,
  list: ListIdentity,
  text: Json,
): Promise<Uint8Array> {
  const json = canonicalJson(text)
  const plain = new Uint8Array(place.records * RECORD_BYTES - GCM_TAG_BYTES)
  plain.set(bigEndian(json.length, LENGTH_BYTES))
  plain.set(json, LENGTH_BYTES)
  return await seal(textKey(place, list), plain)
}

/**
 * Opens a text in the parts that hold the texts of a list, concatenated.
 *
 * Refuses `check-list-malformed` where the place lies outside, the key does not fit or the content is not canonical JSON.
 */
export async function openText(
  texts: Uint8Array,
  place: TextPlace,
  list: ListIdentity,
): Promise<Result<Json>> {
  const sealed = texts.subarray(
    place.first * RECORD_BYTES,
    (place.first + place.records) * RECORD_BYTES,
  )
  if (sealed.length !== place.records * RECORD_BYTES) return damaged()
  const plain = await open(textKey(place, list), sealed)
  if (plain === undefined) return damaged()
  const length = numberIn(plain.subarray(0, LENGTH_BYTES))
  const [json, rest] = [
    plain.subarray(LENGTH_BYTES, LENGTH_BYTES + length),
    plain.subarray(LENGTH_BYTES + length),
  ]
  if (json.length !== length || rest.some((byte) => byte !== 0)) return damaged()
  const read = fromUtf8(json) === undefined ? undefined : readCanonical(json)
  return read?.ok === true ? read : damaged()
}

function damaged(): Result<never> {
  return refuse('check-list-malformed', 'a text is damaged')
}

function contextOf({ filer, release, salt }: ListIdentity): string {
  return `${filer}\n${formatInstant(release)}\n${salt}\n`
}

function slotKey(key: Uint8Array, list: ListIdentity): Uint8Array {
  return hmacSha256(key, utf8(`${SLOT_LABEL}\n${contextOf(list)}`))
}

function textKey({ first, key }: TextPlace, list: ListIdentity): Uint8Array {
  return hmacSha256(key, utf8(`${TEXT_LABEL}\n${contextOf(list)}${String(first)}\n`))
}

function plainOf({ sinceDay, status, text }: CheckEntry): Uint8Array {
  const head = Uint8Array.of(CHECK_STATUSES.indexOf(status) + 1, text.records)
  const plain = new Uint8Array(PLAIN_BYTES)
  plain.set(concat(head, bigEndian(text.first, 2), bigEndian(sinceDay, 2), text.key))
  return plain
}

function entryOf(plain: Uint8Array): CheckEntry | undefined {
  const status = CHECK_STATUSES[(plain[0] ?? 0) - 1]
  const records = plain[1] ?? 0
  const isKnown = plain.length === PLAIN_BYTES && status !== undefined && records > 0
  if (!isKnown || plain.subarray(KEY_AT + TEXT_KEY_BYTES).some((byte) => byte !== 0))
    return undefined
  const key = plain.slice(KEY_AT, KEY_AT + TEXT_KEY_BYTES)
  const text = { first: numberIn(plain.subarray(2, 4)), records, key }
  return { status, sinceDay: numberIn(plain.subarray(4, 6)), text }
}

function bigEndian(number: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Math.floor(number / 256 ** (bytes - 1 - i)))
}

function numberIn(bytes: Uint8Array): number {
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

const NONCE = new Uint8Array(12)

async function importKey(key: Uint8Array, use: 'decrypt' | 'encrypt'): Promise<CryptoKey> {
  return await crypto.subtle.importKey('raw', Uint8Array.from(key), 'AES-GCM', false, [use])
}

async function seal(key: Uint8Array, plain: Uint8Array): Promise<Uint8Array> {
  const imported = await importKey(key, 'encrypt')
  const algorithm = { name: 'AES-GCM', iv: NONCE }
  return new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, Uint8Array.from(plain)))
}

/** `undefined` where the bytes are not what the key sealed. */
async function open(key: Uint8Array, sealed: Uint8Array): Promise<Uint8Array | undefined> {
  const imported = await importKey(key, 'decrypt')
  const algorithm = { name: 'AES-GCM', iv: NONCE }
  try {
    return new Uint8Array(await crypto.subtle.decrypt(algorithm, imported, Uint8Array.from(sealed)))
  } catch {
    return undefined
  }
}

/** Tells whether a list may have so many parts. */
export function isListShape({ buckets, texts }: ListShape): boolean {
  const isPower = Number.isInteger(Math.log2(buckets)) && buckets <= BUCKETS_MAX
  return isPower && TEXT_PARTS.some((count) => count === texts)
}
