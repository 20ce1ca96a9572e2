import type { FakePublishBody } from '#core/act-bodies.ts'
import { hex } from '#core/bytes.ts'
import { FAKE_TAG } from '#core/fake.ts'
import { messageRecipients } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Clock } from '#ports/clock.ts'
import type { Random } from '#ports/random.ts'
import type { Storage, SubjectWrite } from '#ports/storage.ts'
import { partiesOf } from './brief.ts'
import { readState } from './load-subjects.ts'
import type { DirectoryReader } from './read-directory.ts'

/** A report is at most this long. */
export const REPORT_BYTES_MAX = 64 * 1024
/** Reports of all strangers together that are kept in a UTC day. */
export const REPORTS_PER_DAY = 500
/** A report is dropped after so many days, read or not. */
export const REPORT_DAYS = 30
/** How far back reports are looked for to be dropped. */
const SWEEP_DAYS = 101
const SWEEP_SECONDS = 15
const ID_BYTES = 16
/** A report is for whom it concerns: one that went to all would be kept as often. */
const PARTIES_MAX = 3
const SHOWN_MAX = 1000

/** What keeping reports needs. */
export interface FakeReportPorts {
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly directory: DirectoryReader
  readonly random: Random
  readonly storage: Storage
}

/** A forgery as it is shown. */
export interface ShownFake {
  readonly act: string
  readonly party: string
  readonly body: FakePublishBody
}

/** The forgeries that parties have published and not replaced, the last seen first. */
export async function readFakes({
  storage,
}: Pick<FakeReportPorts, 'storage'>): Promise<readonly ShownFake[]> {
  const page = { kind: 'fake', tag: FAKE_TAG, after: '', limit: SHOWN_MAX }
  const rows = await storage.listSubjects(page)
  return rows
    .map(({ id, state }) => {
      const { body, party } = readState('fake', state ?? '')
      return { act: id, party, body }
    })
    .toSorted((a, b) => (a.body.seen_on < b.body.seen_on ? 1 : -1))
}

/**
 * Keeps a stranger's report for the parties that can decrypt it: ciphertext, a random id and the day, and nothing of who sent it.
 *
 * Refuses `envelope-malformed`, `brief-recipients-wrong` where a key is no active officer's or there are more than three parties, `bundle-over-quota` where a day is full.
 */
export async function keepFakeReport(
  ports: FakeReportPorts,
  message: Uint8Array,
): Promise<Result<void>> {
  const keys = messageRecipients(message)
  if (!keys.ok) return keys
  const recipients = partiesOf(await ports.directory.current(), keys.value)
  if (recipients === undefined) return refuse('brief-recipients-wrong')
  const parties = [...new Set(recipients.flat())].toSorted()
  if (parties.length > PARTIES_MAX) return refuse('brief-recipients-wrong')
  const day = dayOf(ports.clock.now())
  const quotaRef = { kind: 'quota', id: `fakes:${day}` }
  const [quota] = await ports.storage.readSubjects([quotaRef])
  // The version counts: each report writes the row once.
  const kept = quota?.version ?? 0
  if (kept >= REPORTS_PER_DAY) return refuse('bundle-over-quota')
  const report = hex(ports.random.bytes(ID_BYTES))
  const rows = parties.map((party): SubjectWrite => {
    const state = JSON.stringify({ day })
    const tag = reportTag(party, day)
    return { kind: 'fake-report', id: reportId(party, report), expected: 0, state, tag }
  })
  // A report that is not kept in the end leaves no bytes either: each party has its own copy, so that dropping one touches no other.
  for (const { id } of rows) await ports.blobs.put(reportBlob(id), message)
  const subjects = [...rows, { ...quotaRef, expected: kept, state: '{}' }]
  const commit = { guards: [], subjects, acts: [], signatures: [], records: [] }
  if ((await ports.storage.commit(commit)) === 'committed') return accept(undefined)
  for (const { id } of rows) await ports.blobs.deletePrefix(reportBlob(id))
  return refuse('state-changed')
}

/** A report as its party finds it. */
export interface KeptReport {
  readonly report: string
  readonly day: string
}

/** The reports to a party, the newest day first. */
export async function listFakeReports(
  { clock, storage }: Pick<FakeReportPorts, 'clock' | 'storage'>,
  party: string,
): Promise<readonly KeptReport[]> {
  const reports: KeptReport[] = []
  for (let back = 0; back <= REPORT_DAYS; back++) {
    const day = dayOf(clock.now() - back * DAY_SECONDS)
    const page = { kind: 'fake-report', after: '', limit: REPORTS_PER_DAY }
    const rows = await storage.listSubjects({ ...page, tag: reportTag(party, day) })
    reports.push(...rows.map(({ id }) => ({ report: id.slice(party.length + 1), day })))
  }
  return reports
}

/** A report to a party. Refuses `not-found`. */
export async function readFakeReport(
  { blobs, storage }: Pick<FakeReportPorts, 'blobs' | 'storage'>,
  party: string,
  report: string,
): Promise<Result<Uint8Array>> {
  const id = reportId(party, report)
  const [row] = await storage.readSubjects([{ kind: 'fake-report', id }])
  const bytes = row?.state === undefined ? undefined : await blobs.get(reportBlob(id))
  return bytes === undefined ? refuse('not-found') : accept(bytes)
}

/** Drops what is older than `REPORT_DAYS`: the bytes first, since the row says where they are. */
export async function dropFakeReports(
  { blobs, clock, storage }: Pick<FakeReportPorts, 'blobs' | 'clock' | 'storage'>,
  party: string,
): Promise<void> {
  const now = clock.now()
  const longPast = REPORT_DAYS + 2 + (Math.floor(now / SWEEP_SECONDS) % SWEEP_DAYS)
  for (const back of [REPORT_DAYS + 1, longPast]) {
    const tag = reportTag(party, dayOf(now - back * DAY_SECONDS))
    const page = { kind: 'fake-report', tag, after: '', limit: REPORTS_PER_DAY }
    for (const { id, version } of await storage.listSubjects(page)) {
      await blobs.deletePrefix(reportBlob(id))
      const drop = { kind: 'fake-report', id, expected: version, state: undefined }
      await storage.commit({ guards: [], subjects: [drop], acts: [], signatures: [], records: [] })
    }
  }
}

/** Where a party's copy of a report stands in the blob store. */
export function reportBlob(id: string): string {
  return `fake/${id.slice(-2 * ID_BYTES)}/${id.slice(0, -2 * ID_BYTES - 1)}`
}

function reportId(party: string, report: string): string {
  return `${party}:${report}`
}

function reportTag(party: string, day: string): string {
  return `${party}:${day}`
}
