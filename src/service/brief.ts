import type { BriefState, Reader } from '#core/decision.ts'
import type { Directory, Party } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { messageRecipients } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Storage } from '#ports/storage.ts'
import { loadSubjects } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'

/** A brief is at most this long. */
export const BRIEF_BYTES_MAX = 1024 * 1024
/** Briefs that one party may upload in a day. */
export const BRIEFS_PER_DAY_MAX = 200

/** What keeping briefs needs. */
export interface BriefPorts {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly directory: DirectoryReader
  readonly storage: Storage
}

/**
 * Keeps an OpenPGP message for the parties of a campaign, after checking that every key it is encrypted to is an active officer's.
 *
 * Refuses `brief-recipients-wrong`, `bundle-over-quota`, `request-malformed` where the hash is not that of the bytes, `envelope-malformed`.
 */
export async function uploadBrief(
  ports: BriefPorts,
  brief: { party: string; sha256: string; bytes: Uint8Array },
): Promise<Result<void>> {
  if (sha256Hex(brief.bytes) !== brief.sha256)
    return refuse('request-malformed', 'the bytes have another SHA-256')
  const keys = messageRecipients(brief.bytes)
  if (!keys.ok) return keys
  const recipients = partiesOf(await ports.directory.current(), keys.value)
  if (recipients === undefined) return refuse('brief-recipients-wrong')
  const ref = { kind: 'brief', id: brief.sha256 } as const
  const held = await loadSubjects(ports.storage, () => [ref])
  if (held.get('brief', brief.sha256) !== undefined) return accept(undefined)
  const day = dayOf(ports.clock.now())
  const tag = `${brief.party}:${day}`
  const today = await ports.storage.listSubjects({
    kind: 'brief',
    tag,
    after: '',
    limit: BRIEFS_PER_DAY_MAX,
  })
  if (today.length >= BRIEFS_PER_DAY_MAX) return refuse('bundle-over-quota')
  await ports.blobs.put(briefBlob(brief.sha256), brief.bytes)
  const state: BriefState = { party: brief.party, recipients, day }
  const write = { ...ref, expected: 0, state: JSON.stringify(state), tag }
  const outcome = await ports.storage.commit({
    guards: [],
    subjects: [write],
    acts: [],
    signatures: [],
    records: [],
  })
  return outcome === 'committed' ? accept(undefined) : refuse('state-changed')
}

/** For each key of a message the parties whose active officers have it; `undefined` where a key is nobody's. */
export function partiesOf(
  directory: Directory,
  keys: readonly string[],
): BriefState['recipients'] | undefined {
  const active = [...directory.parties.values()].filter(({ status }) => status === 'active')
  const parties = keys.map((key) =>
    active.filter((party) => hasKey(party, key)).map(({ domain }) => domain),
  )
  return parties.every(({ length }) => length > 0) ? parties : undefined
}

function hasKey({ officers }: Party, key: string): boolean {
  return [...officers.values()].some(
    ({ encryptionKeys, status }) =>
      status === 'active' && encryptionKeys.some((own) => own === key || own.endsWith(key)),
  )
}

/** Reads a brief: for the party that uploaded it and those it is encrypted to. Refuses `not-found`. */
export async function readBrief(
  ports: Pick<BriefPorts, 'blobs' | 'storage'>,
  reader: Reader,
  sha256: string,
): Promise<Result<Uint8Array>> {
  const brief = (await loadSubjects(ports.storage, () => [{ kind: 'brief', id: sha256 }])).get(
    'brief',
    sha256,
  )
  if (brief === undefined || reader.kind !== 'party') return refuse('not-found')
  if (reader.domain !== brief.party && !brief.recipients.flat().includes(reader.domain))
    return refuse('not-found')
  const bytes = await ports.blobs.get(briefBlob(sha256))
  return bytes === undefined ? refuse('not-found') : accept(bytes)
}

/** Where the message of a brief stands in the blob store. */
export function briefBlob(sha256: string): string {
  return `brief/${sha256}`
}
