import type { CheckPublishBody } from '#core/act-bodies.ts'
import { concat, hex } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import {
  bucketOf,
  BUCKETS_MAX,
  type CheckKeying,
  type CheckStatus,
  CHUNK_PARTS,
  type ListIdentity,
  type ListShape,
  PART_BYTES,
  placeOf,
  RECORD_BYTES,
  recordsOf,
  sealSlot,
  sealText,
  SLOT_BYTES,
  TEXT_PARTS,
  type TextPlace,
} from '#core/check-list.ts'
import { sha256Hex } from '#core/hash.ts'
import { leafHash, merkleRoot } from '#core/log/merkle.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import type { CheckText } from '#wire/check-list.ts'
import type { RandomBytes } from './random.ts'

const SLOTS_PER_BUCKET = PART_BYTES / SLOT_BYTES
const RECORDS_PER_PART = PART_BYTES / RECORD_BYTES
const TEXT_KEY_BYTES = 16
const SALT_BYTES = 32

/** What a list says of one code. */
export interface CheckRow {
  /** What scrypt made of code and account. */
  readonly key: Uint8Array
  readonly status: CheckStatus
  readonly sinceDay: number
  readonly text: CheckText
}

/** For whom a list is built, and how large it is at least. */
export interface CheckPlan {
  readonly filer: string
  readonly keyed: CheckKeying
  /** POSIX seconds. */
  readonly release: number
  /** As many buckets and text parts at least; so a list that may still grow does not show when it does. */
  readonly room?: Partial<ListShape>
}

/** A list and what its act says of it. */
export interface BuiltList {
  readonly body: CheckPublishBody
  readonly chunks: readonly Uint8Array[]
  /** Codes in it; nobody else can count them. */
  readonly codes: number
}

interface PlacedSlot {
  readonly place: number
  readonly slot: Uint8Array
}

/**
 * Builds a list: seals what it says of each code, chooses how many buckets that takes, and fills everything else with random bytes.
 *
 * Refuses `check-list-malformed` where there are more codes or texts than a list holds.
 */
export async function buildCheckList(
  rows: AsyncIterable<CheckRow> | Iterable<CheckRow>,
  plan: CheckPlan,
  random: RandomBytes,
): Promise<Result<BuiltList>> {
  const { filer, keyed, release, room } = plan
  const identity = { filer, release, salt: hex(random(SALT_BYTES)) }
  const texts = openTexts(random)
  const slots: PlacedSlot[] = []
  for await (const { key, sinceDay, status, text } of rows) {
    const entry = { status, sinceDay, text: texts.placeOf(text) }
    slots.push({ place: placeOf(key), slot: await sealSlot(key, identity, entry) })
  }
  const buckets = bucketsFor(slots, room?.buckets ?? 1)
  const textParts = TEXT_PARTS.find(
    (parts) => parts * RECORDS_PER_PART >= texts.records() && parts >= (room?.texts ?? 1),
  )
  if (buckets === undefined) return refuse('check-list-malformed', 'there are too many codes')
  if (textParts === undefined) return refuse('check-list-malformed', 'there are too many texts')
  const shape = { buckets, texts: textParts }
  const parts = [
    ...fillBuckets(slots, shape, random),
    ...(await fillTexts(texts.all(), { identity, shape }, random)),
  ]
  const chunks = inChunks(parts)
  const body: CheckPublishBody = {
    ...shape,
    chunks: chunks.map((chunk) => sha256Hex(chunk)),
    keyed,
    release: formatInstant(release),
    root: hex(merkleRoot(parts.map(leafHash))),
    salt: identity.salt,
  }
  return accept({ body, chunks, codes: slots.length })
}

/** The least power of two with which no bucket overflows. */
function bucketsFor(slots: readonly PlacedSlot[], least: number): number | undefined {
  for (let buckets = 1; buckets <= BUCKETS_MAX; buckets *= 2) {
    if (buckets < least) continue
    const loads = new Uint32Array(buckets)
    for (const { place } of slots) {
      const bucket = bucketOf(place, { buckets })
      loads[bucket] = (loads[bucket] ?? 0) + 1
    }
    if (loads.every((load) => load <= SLOTS_PER_BUCKET)) return buckets
  }
  return undefined
}

/** Buckets full of slots in the order of their bytes, so that a place tells nothing of who has it. */
function fillBuckets(
  slots: readonly PlacedSlot[],
  shape: ListShape,
  random: RandomBytes,
): readonly Uint8Array[] {
  const filled = Array.from({ length: shape.buckets }, (): Uint8Array[] => [])
  for (const { place, slot } of slots) filled[bucketOf(place, shape)]?.push(slot)
  return filled.map((own) => {
    const dummies = random(PART_BYTES - own.length * SLOT_BYTES)
    const all = [...own, ...slices(dummies)].toSorted(compareBytes)
    return concat(...all)
  })
}

function slices(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: bytes.length / SLOT_BYTES }, (_, i) =>
    bytes.subarray(i * SLOT_BYTES, (i + 1) * SLOT_BYTES),
  )
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i])
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0)
}

interface PlacedText {
  readonly place: TextPlace
  readonly text: CheckText
}

/** Gives each text one place, however many codes lead to it. */
function openTexts(random: RandomBytes): {
  placeOf(text: CheckText): TextPlace
  records(): number
  all(): Iterable<PlacedText>
} {
  const placed = new Map<string, PlacedText>()
  const byText = new WeakMap<CheckText, TextPlace>()
  let next = 0
  const add = (text: CheckText): TextPlace => {
    const name = sha256Hex(canonicalJson(text))
    const known = placed.get(name)
    if (known !== undefined) return known.place
    const records = recordsOf(text)
    const place = { first: next, records, key: random(TEXT_KEY_BYTES) }
    next += records
    placed.set(name, { place, text })
    return place
  }
  return {
    placeOf: (text) => {
      const place = byText.get(text) ?? add(text)
      byText.set(text, place)
      return place
    },
    records: () => next,
    all: () => placed.values(),
  }
}

async function fillTexts(
  texts: Iterable<PlacedText>,
  { identity, shape }: { readonly identity: ListIdentity; readonly shape: ListShape },
  random: RandomBytes,
): Promise<readonly Uint8Array[]> {
  const parts = Array.from({ length: shape.texts }, () => random(PART_BYTES))
  const all = concat(...parts)
  for (const { place, text } of texts)
    all.set(await sealText(place, identity, text), place.first * RECORD_BYTES)
  return parts.map((_, i) => all.slice(i * PART_BYTES, (i + 1) * PART_BYTES))
}

function inChunks(parts: readonly Uint8Array[]): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(parts.length / CHUNK_PARTS) }, (_, i) =>
    concat(...parts.slice(i * CHUNK_PARTS, (i + 1) * CHUNK_PARTS)),
  )
}
