import { setTimeout as sleep } from 'node:timers/promises'
import type { Api } from '#client/http.ts'
import type { Result } from '#core/result.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { Agent } from './agent.ts'
import { fileCampaign, type FilingWorkplace } from './file-campaign.ts'
import { type NoticeRecord, recordOf } from './notice-record.ts'
import type { GetFiler, OpenFiler } from './open-filer.ts'
import { noteAcknowledgements, releaseNotice } from './release-notice.ts'

/** What an agent works with when nobody asks it anything. */
export interface AgentWork {
  readonly agent: Agent
  readonly getFiler: GetFiler
  readonly workplace: Omit<FilingWorkplace, 'agent' | 'filer'>
  /** What else is due: messages to the company's systems, mail, deletion. */
  readonly chores: readonly Chore[]
}

/** Something that is done again and again. */
export interface Chore {
  readonly name: string
  /** It takes long: nothing waits for it, and it is not begun anew before it has ended. */
  readonly isLong?: true
  readonly seconds: number
  readonly run: () => Promise<void>
}

/** An agent at work. */
export interface RunningAgent {
  /** Has what is due looked at now. */
  wake(): void
  /** Takes up nothing more, and waits a moment for what is under way. */
  stop(): Promise<void>
}

/** A notice that is filed is looked after so often: whoever signs last waits no longer than that for the banner. */
const POLL_MILLISECONDS = 2000
const ACKNOWLEDGEMENT_SECONDS = 60
/** Nobody acknowledges a notice after a quarter of a year. */
const ACKNOWLEDGED_SECONDS = 90 * DAY_SECONDS
const STOP_MILLISECONDS = 5000
/** Filings under way at once, so that a small notice never waits for a large one. */
const FILINGS_MAX = 4

/** Files what was given out, releases what may be shown, and does the chores, until it is stopped. */
export function runAgent(work: AgentWork): RunningAgent {
  const { agent, chores } = work
  const filings = new Map<string, Promise<void>>()
  const doneAt = new Map<string, number>()
  const long = new Map<string, Promise<void>>()
  let isStopped = false
  let isOver = false
  const guard = guardOf(agent, () => isOver)
  let round: Promise<void> | undefined
  let isWanted = false

  const start = (name: string): void => {
    if (filings.has(name) || filings.size >= FILINGS_MAX) return
    const filing = guard('file', async () => {
      await fileOne(work, name)
    }).finally(() => filings.delete(name))
    filings.set(name, filing)
  }
  const doChore = async ({ isLong, name, run }: Chore): Promise<void> => {
    if (isLong !== true) await guard(name, run)
    else if (!long.has(name) && !isStopped)
      long.set(
        name,
        guard(name, run).finally(() => long.delete(name)),
      )
  }
  const look = async (): Promise<void> => {
    const notices = (await agent.store.listNotices()).map(recordOf)
    for (const { name, phase } of notices) if (phase === 'filing' && !isStopped) start(name)
    const waiting = notices.filter(({ phase }) => phase === 'filed')
    if (waiting.length > 0) await releaseAll(work, waiting, guard)
    if (isDue(doneAt, 'acknowledgements', { now: agent.now(), seconds: ACKNOWLEDGEMENT_SECONDS }))
      await noteAll(work, notices, guard)
    for (const chore of chores)
      if (isDue(doneAt, chore.name, { now: agent.now(), seconds: chore.seconds }))
        await doChore(chore)
  }
  const wake = (): void => {
    if (isStopped) return
    if (round !== undefined) {
      isWanted = true
      return
    }
    round = guard('round', look).finally(() => {
      round = undefined
      if (!isWanted) return
      isWanted = false
      wake()
    })
  }
  const timer = setInterval(wake, POLL_MILLISECONDS)
  wake()
  return {
    wake,
    stop: async () => {
      isStopped = true
      clearInterval(timer)
      // A filing goes on where it was when the agent is started again: nobody waits for fifty thousand notices to end.
      const late = sleep(STOP_MILLISECONDS, undefined, { ref: false })
      await Promise.race([late, Promise.all([round, ...filings.values(), ...long.values()])])
      isOver = true
    },
  }
}

/** A clock that jumped back has things done once too often, never too late by as much as it jumped. */
function isDue(
  doneAt: Map<string, number>,
  name: string,
  { now, seconds }: { readonly now: number; readonly seconds: number },
): boolean {
  const last = doneAt.get(name)
  if (last !== undefined && now >= last && now < last + seconds) return false
  doneAt.set(name, now)
  return true
}

async function fileOne({ agent, getFiler, workplace }: AgentWork, name: string): Promise<void> {
  const open = await getFiler()
  if (!open.ok) {
    agent.events.noticeRefused({ reason: open.refusal.reason })
    return
  }
  await fileCampaign({ ...workplace, agent, filer: open.value.filer }, name)
}

async function releaseAll(
  { agent, getFiler }: AgentWork,
  notices: readonly NoticeRecord[],
  guard: Guard,
): Promise<void> {
  for (const notice of notices)
    await guard('release', async () => {
      const released = await withSession(
        getFiler,
        async (open) => await releaseNotice(agent, open, notice),
      )
      if (!released.ok) agent.events.noticeRefused({ reason: released.refusal.reason })
    })
}

async function noteAll(
  { agent, getFiler }: AgentWork,
  notices: readonly NoticeRecord[],
  guard: Guard,
): Promise<void> {
  for (const notice of notices) {
    const { releasedAt = 0 } = notice.state
    const isOld = agent.now() - releasedAt > ACKNOWLEDGED_SECONDS
    if (notice.phase !== 'released' || isOld) continue
    const note = async (api: Api): Promise<Result<void>> =>
      await noteAcknowledgements(agent, api, notice)
    await guard('acknowledgements', async () => {
      await withSession(getFiler, async ({ filer }) => await note(filer.api))
    })
  }
}

/** A session that the server has forgotten is opened anew, once. */
async function withSession<T>(
  getFiler: GetFiler,
  run: (open: OpenFiler) => Promise<Result<T>>,
): Promise<Result<T>> {
  const open = await getFiler()
  if (!open.ok) return open
  const first = await run(open.value)
  if (first.ok || first.refusal.reason !== 'session-missing') return first
  const again = await getFiler({ again: true })
  return again.ok ? await run(again.value) : again
}

const OUTAGES: ReadonlySet<string> = new Set(['Busy', 'Outage', 'Overloaded', 'Unavailable'])

/** Runs some work, and reports how it failed. */
type Guard = (operation: string, run: () => Promise<void>) => Promise<void>

/**
 * What fails is reported and done again in the next round; nothing else waits for it. What nobody waited for when the agent was stopped loses its
 * database in the middle of its work: it goes on with the next start, and is no fault.
 */
function guardOf({ events }: Agent, isOver: () => boolean): Guard {
  return async (operation, run) => {
    try {
      await run()
    } catch (error) {
      if (isOver()) return
      const name = error instanceof Error ? error.name : 'unknown'
      if (OUTAGES.has(name)) events.unavailable({ operation })
      else events.failed({ operation, error: name })
    }
  }
}
