import type { ActBodies } from '#core/act-bodies.ts'
import { hex } from '#core/bytes.ts'
import { canonicalJson, type JsonObject } from '#core/canonical-json.ts'
import { isLapsed } from '#core/decide.ts'
import { headOf } from '#core/directory.ts'
import { countedSupports, isReleaseDue } from '#core/notice.ts'
import { writeArmor } from '#core/packets.ts'
import type { Result } from '#core/result.ts'
import { DAY_SECONDS, dayOf, formatInstant } from '#core/time.ts'
import type { BlobStore } from '#ports/blob.ts'
import type { Subject, SubjectPage } from '#ports/storage.ts'
import { dropCheckChunks } from './check-list.ts'
import { dropFakeReports } from './fake-report.ts'
import { loadSubjects, readState } from './load-subjects.ts'
import type { Submitted } from './repeat-act.ts'
import { reconsider, submitAct, type SubmitActPorts } from './submit-act.ts'
import { clearDropped, DROPPING_TAG, giveUp, openTag } from './upload-bundle.ts'

/** Bundles that nobody filed are dropped after so many days. */
export const UNFILED_DAYS = 7
const PAGE = 100
/** How far back tokens are looked for: a prime, so that runs at any interval come to every day. */
const LONG_PAST_DAYS = 401
/** How long one of those days is the one to be swept. */
const LONG_PAST_SECONDS = 15

/** What the work that nobody asked for needs. */
export type RunDuePorts = SubmitActPorts & { readonly blobs: BlobStore }

/**
 * Does what has become due: releases joint notices, leaves the trace of lapsed acts, completes recoveries, drops unfiled uploads and old tokens.
 *
 * Every deadline is computed where it matters, so that a late run changes no answer. Runs may overlap: each step is an act or a compare-and-swap.
 */
export async function runDue(ports: RunDuePorts): Promise<void> {
  for await (const row of pages(ports, { kind: 'act', tag: 'pending' }))
    await settlePending(ports, row)
  for await (const row of pages(ports, { kind: 'bundle', tag: DROPPING_TAG })) {
    if (row.state !== undefined)
      await clearDropped(ports, readState('bundle', row.state), row.version)
  }
  const directory = await ports.directory.current()
  for (const party of directory.parties.keys()) {
    await dropStale(ports, party)
    await dropCheckChunks(ports, party)
    await dropFakeReports(ports, party)
  }
  await dropTokens(ports, 'token')
  await dropTokens(ports, 'nonce')
}

async function settlePending(ports: RunDuePorts, row: Subject): Promise<void> {
  if (row.state === undefined) return
  const state = readState('act', row.state)
  const now = ports.clock.now()
  if (isLapsed(state, now)) await submitServiceAct(ports, 'act.lapse', { act: row.id })
  else if (state.type === 'notice.file') await releaseIfDue(ports, row.id)
  else if (state.type === 'party.admit') await reconsider(ports, row.id)
}

/**
 * Releases a joint notice once it has its supports or its deadline has passed, or lets it lapse where what it needs no longer stands.
 * Does nothing otherwise.
 */
export async function releaseIfDue(ports: SubmitActPorts, notice: string): Promise<void> {
  const subjects = await loadSubjects(ports.storage, () => [{ kind: 'notice', id: notice }])
  const state = subjects.get('notice', notice)
  const directory = await ports.directory.current()
  if (state === undefined || !isReleaseDue(directory, state, ports.clock.now())) return
  const supports = countedSupports(directory, state)
  const released = await submitServiceAct(ports, 'notice.release', { notice, supports })
  if (!released.ok && released.refusal.reason === 'signer-not-entitled') {
    await submitServiceAct(ports, 'act.lapse', { act: notice })
  }
}

/** Signs and submits a service act, through the same pipeline as everybody's. One that is not due is refused there. */
async function submitServiceAct<T extends 'act.lapse' | 'notice.release'>(
  ports: SubmitActPorts,
  type: T,
  body: ActBodies[T],
): Promise<Result<Submitted>> {
  const now = ports.clock.now()
  const payload = canonicalJson({
    at: formatInstant(now),
    body: { ...body } satisfies JsonObject,
    by: { service: ports.origin },
    directory: headOf(await ports.directory.current()),
    expires: formatInstant(now + DAY_SECONDS),
    nonce: hex(ports.random.bytes(16)),
    origin: ports.origin,
    type,
    v: 1,
  })
  const signature = writeArmor('PGP SIGNATURE', await ports.crypto.signAsService(payload))
  return await submitAct(ports, { payload, signatures: [signature] })
}

async function dropStale(ports: RunDuePorts, party: string): Promise<void> {
  const oldest = dayOf(ports.clock.now() - UNFILED_DAYS * DAY_SECONDS)
  for await (const row of pages(ports, { kind: 'bundle', tag: openTag(party) })) {
    if (row.state === undefined) continue
    const bundle = readState('bundle', row.state)
    if (bundle.filed === undefined && bundle.day < oldest) await giveUp(ports, bundle, row.version)
  }
}

/**
 * Tokens and used nonces are tagged with the day on which the token ends; the days before yesterday are swept.
 *
 * Of the days long past one is swept at each run, another one each time: a server may have been down for months.
 */
async function dropTokens(ports: RunDuePorts, kind: 'nonce' | 'token'): Promise<void> {
  const now = ports.clock.now()
  const recent = Array.from({ length: UNFILED_DAYS }, (_, i) => 2 + i)
  const longPast = 2 + UNFILED_DAYS + (Math.floor(now / LONG_PAST_SECONDS) % LONG_PAST_DAYS)
  for (const back of [...recent, longPast]) {
    const tag = dayOf(now - back * DAY_SECONDS)
    for await (const row of pages(ports, { kind, tag })) {
      const drop = { kind: row.kind, id: row.id, expected: row.version, state: undefined }
      await ports.storage.commit({
        guards: [],
        subjects: [drop],
        acts: [],
        signatures: [],
        records: [],
      })
    }
  }
}

async function* pages(
  ports: RunDuePorts,
  listing: Pick<SubjectPage, 'kind' | 'tag'>,
): AsyncGenerator<Subject> {
  let after = ''
  for (;;) {
    const page = await ports.storage.listSubjects({ ...listing, after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.id ?? ''
  }
}
