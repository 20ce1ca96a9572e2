import { composeAct } from '#client/act.ts'
import type { BuiltList } from '#client/build-check-list.ts'
import type { DeriveKey } from '#client/check-notice.ts'
import type { SubmittedAct } from '#client/http.ts'
import { type CheckKeying, RELEASE_SECONDS, releaseAt } from '#core/check-list.ts'
import { headOf } from '#core/directory.ts'
import { accept, type Result } from '#core/result.ts'
import type { Agent } from '#agent/agent.ts'
import type { Filer } from '#agent/filing/file-notice.ts'
import type { GetFiler } from '#agent/open-filer.ts'
import { buildList } from './build-list.ts'
import { noticeCodes } from './notice-codes.ts'
import { publishedRelease, publishList, roomFor } from './publish-list.ts'

/** What keeping a company's lists takes. */
export interface ListKeeping {
  readonly agent: Agent
  readonly getFiler: GetFiler
  /** Where keys are kept from one release to the next. */
  readonly folder: string
  readonly derive: DeriveKey
  readonly keyings: readonly CheckKeying[]
  /** Codes that the lists have room for at least, so that they do not show when there are more. */
  readonly room: number
}

/** Which codes a list has is settled so long before its release. */
const BUILD_SECONDS = 600
/** A list goes out so long before its release, however long it took to build: how long that was would tell how many codes are new. */
const PUBLISH_SECONDS = 300
const NONCE_BYTES = 16

/** One list of the company, from release to release. */
interface Kept {
  readonly keyed: CheckKeying
  /** The newest release that has its list. */
  done: number
  built?: { readonly release: number; readonly list: BuiltList }
}

/**
 * Looks after a company's lists of check codes: each release has its list, also where there is nothing to say. Gives what is to be done again and
 * again; a list that could not be published is tried with the next call.
 */
export function keepLists(keeping: ListKeeping): () => Promise<void> {
  const lists = keeping.keyings.map((keyed): Kept => ({ keyed, done: 0 }))
  return async () => {
    for (const list of lists) await lookAfter(keeping, list)
  }
}

async function lookAfter(keeping: ListKeeping, kept: Kept): Promise<void> {
  const { agent } = keeping
  const inForce = releaseAt(agent.now())
  if (kept.done < inForce) {
    await catchUp(keeping, kept, inForce)
    return
  }
  const next = inForce + RELEASE_SECONDS
  if (kept.done >= next || agent.now() < next - BUILD_SECONDS) return
  if (kept.built?.release !== next) {
    const list = await build(keeping, kept.keyed, next)
    if (list !== undefined) kept.built = { release: next, list }
  }
  if (kept.built === undefined || agent.now() < next - PUBLISH_SECONDS) return
  if (await publish(keeping, kept.built.list)) {
    kept.done = next
    delete kept.built
  }
}

/** An agent that did not run when a release was due publishes it late rather than not at all. */
async function catchUp(keeping: ListKeeping, kept: Kept, inForce: number): Promise<void> {
  const { agent } = keeping
  const { keyed } = kept
  const filer = await filerOf(keeping)
  if (filer === undefined) return
  const published = await publishedRelease(filer.api, { party: agent.issuer.party, keyed })
  if (!published.ok) agent.events.listRefused({ keyed, reason: published.refusal.reason })
  else if ((published.value ?? 0) >= inForce) kept.done = inForce
  else {
    const built = kept.built?.release === inForce ? kept.built.list : undefined
    const list = built ?? (await build(keeping, keyed, inForce))
    if (list !== undefined && (await publish(keeping, list))) kept.done = inForce
  }
}

async function build(
  keeping: ListKeeping,
  keyed: CheckKeying,
  release: number,
): Promise<BuiltList | undefined> {
  const { agent, derive, folder } = keeping
  const filer = await filerOf(keeping)
  const room = roomFor(keeping.room)
  if (filer === undefined) return undefined
  const { genesis, party } = agent.issuer
  const built = room.ok
    ? await buildList({
        lines: noticeCodes(agent, filer.api),
        folder,
        genesis,
        plan: { filer: party, keyed, release, room: room.value },
        derive,
        random: agent.random,
      })
    : room
  if (built.ok) return built.value
  agent.events.listRefused({ keyed, reason: built.refusal.reason })
  return undefined
}

/** Whether the release has its list now. */
async function publish(keeping: ListKeeping, list: BuiltList): Promise<boolean> {
  const { agent } = keeping
  const { keyed } = list.body
  const filer = await filerOf(keeping)
  if (filer === undefined) return false
  const published = await publishList(
    filer.api,
    list,
    async (type, body) => await submit(agent, filer, { type, body }),
  )
  if (published.ok) agent.events.listPublished({ keyed, status: published.value.status })
  else agent.events.listRefused({ keyed, reason: published.refusal.reason })
  // An answer that was lost, or another agent of the company: the release has a list.
  return published.ok || published.refusal.reason === 'check-list-older'
}

async function submit(
  agent: Agent,
  { api, coalition, directory, party, sign }: Filer,
  { body, type }: { readonly type: 'check.publish'; readonly body: BuiltList['body'] },
): Promise<Result<SubmittedAct>> {
  const payload = composeAct({
    type,
    body,
    by: { party },
    directory: headOf(directory),
    origin: coalition.origin,
    now: agent.now(),
    nonce: agent.random(NONCE_BYTES),
  })
  const signature = await sign(payload)
  if (!signature.ok) return signature
  const submitted = await api.submitAct({ payload, signatures: [signature.value] })
  return submitted.ok ? accept(submitted.value) : submitted
}

async function filerOf({ agent, getFiler }: ListKeeping): Promise<Filer | undefined> {
  const open = await getFiler()
  if (open.ok) return open.value.filer
  agent.events.listRefused({ keyed: 'account', reason: open.refusal.reason })
  return undefined
}
