import { hex } from '#core/bytes.ts'
import { normaliseAccount } from '#core/commitment.ts'
import type { BannerRow, NoticeRow } from '#ports/agent-store.ts'
import type { Banner, BannerReport } from '#wire/agent.ts'
import type { Agent } from './agent.ts'
import { type KeptNotice, keptOf } from './file-campaign.ts'
import { recordOf, secretsOf } from './notice-record.ts'
import { tellRecipients } from './tell-recipients.ts'
import type { ProductFile } from '#wire/product.ts'

/** A session of the company's product, as the product names it. */
export interface BannerSession {
  readonly session: string
  /** When it last saw its user's credentials: POSIX seconds. */
  readonly authenticatedAt: number
}

/** Shows banners. Whether there is one is told by what the answer says, and by nothing else. */
export interface Banners {
  show(account: string, session: BannerSession): Promise<Banner | null>
  /** The file by which the customer proves the notice, with its receipt. */
  prove(account: string): Promise<ProductFile | null>
  report(account: string, report: BannerReport): Promise<void>
}

/** An account that nobody can have: control characters have no place in one. */
const NOBODY = '\u0000'
/** References that chance does not give. */
const DECOY = '0'.repeat(32)
const ABSENT = 'f'.repeat(32)
const DECOY_LINES = 60

/**
 * Opens the banners. For an account without a notice the same is looked up, decrypted and parsed as for one that has a notice: a decoy, which is
 * thrown away.
 */
export function openBanners(agent: Agent): Banners {
  const decoy = decoyOf(agent)
  const decoyNotice = decoyNoticeOf(agent)
  let isKept: Promise<void> | undefined
  const keepDecoy = async (): Promise<void> => {
    try {
      await agent.store.keepProducts([{ ...placeOf(decoy), sealed: decoy.sealed }])
    } catch (error) {
      isKept = undefined
      throw error
    }
  }
  const find = async (account: string): Promise<{ row: BannerRow; isReal: boolean }> => {
    const normal = normaliseAccount(account)
    const tag = agent.vault.tag('account', normal.ok ? normal.value : NOBODY)
    const due = dueOf(await agent.store.bannersOf(tag), agent.now())
    // One of the two lookups finds a notice, and the other one none.
    await (isKept ??= keepDecoy())
    await agent.store.readProduct(due === undefined ? DECOY : ABSENT)
    return due === undefined ? { row: decoy, isReal: false } : { row: due, isReal: true }
  }
  return {
    show: async (account, session) => {
      const { isReal, row } = await find(account)
      const kept = keptOf(agent, row)
      const dismissed = await isDismissed(agent, row.reference, session)
      const banner = bannerOf(row.reference, kept, dismissed)
      return isReal ? banner : null
    },
    prove: async (account) => {
      const { isReal, row } = await find(account)
      const { file } = keptOf(agent, row)
      const notice = (await agent.store.readNotice(row.notice)) ?? decoyNotice
      const { receipt } = secretsOf(agent, notice)
      await agent.store.noteStates([
        { ...placeOf(row), state: 'fetched', reason: '', at: agent.now() },
      ])
      return isReal ? { ...file, ...(receipt === undefined ? {} : { receipt }) } : null
    },
    report: async (account, report) => {
      const { isReal, row } = await find(account)
      if (isReal && row.reference === report.notice) await note(agent, row, report)
    },
  }
}

function bannerOf(notice: string, kept: KeptNotice, dismissed: boolean): Banner {
  const { direction, language, lines, subject } = kept
  return { notice, language, direction, subject, lines, dismissed }
}

/** The one to show: released, its batch due and not stopped, not followed by another that is shown; the newest. */
function dueOf(rows: readonly BannerRow[], now: number): BannerRow | undefined {
  const shown = rows
    .map((row) => ({
      row,
      state: recordOf({ ...row, name: row.notice, matter: '', version: 0 }).state,
    }))
    .filter(({ row, state }) => {
      const batch = row.batch === null ? undefined : state.batches?.[row.batch]
      return row.phase === 'released' && batch?.stopped === false && batch.releaseAt <= now
    })
  const followed = new Set(shown.map(({ state }) => state.supersedes))
  return shown
    .filter(({ row }) => !followed.has(row.notice))
    .toSorted((a, b) => (a.state.releasedAt ?? 0) - (b.state.releasedAt ?? 0))
    .at(-1)?.row
}

/** Put away in this session, and nobody has signed in anew since: a later session, or the same one after a new sign-in, is shown it again. */
async function isDismissed(
  agent: Agent,
  reference: string,
  { authenticatedAt, session }: BannerSession,
): Promise<boolean> {
  const tag = agent.vault.tag('session', session)
  const [dismissal] = await agent.store.dismissalsOf([reference], tag)
  return dismissal !== undefined && dismissal.authenticatedAt >= authenticatedAt
}

async function note(agent: Agent, row: BannerRow, report: BannerReport): Promise<void> {
  const { action, authenticated_at: authenticatedAt, feedback, session } = report
  const { store } = agent
  if (action === 'dismissed') {
    const sessionTag = agent.vault.tag('session', session)
    await store.dismiss({ reference: row.reference, sessionTag, authenticatedAt })
  }
  const state = action === 'acted' ? 'acted' : 'shown'
  const added = await store.noteStates([{ ...placeOf(row), state, reason: '', at: agent.now() }])
  if (feedback !== undefined) await store.keepFeedback({ ...placeOf(row), ...feedback })
  if (added > 0 || feedback !== undefined)
    await tellRecipients(agent, row.notice, {
      state,
      recipients: [{ reference: row.reference }],
      ...(feedback === undefined ? {} : { feedback }),
    })
}

function placeOf({ notice, reference }: BannerRow): { notice: string; reference: string } {
  return { notice, reference }
}

const DECOY_BRIEF_CHARACTERS = 48 * 1024

/** What a brief with its receipt comes to. */
function decoyNoticeOf({ vault }: Agent): NoticeRow {
  const brief = 'x'.repeat(DECOY_BRIEF_CHARACTERS)
  const sealed = vault.seal(JSON.stringify({ brief }), 'notice ')
  return { name: '', matter: '', phase: 'released', version: 1, state: '{}', sealed }
}

/** Of the size that notices have, sealed as they are. */
function decoyOf(agent: Agent): BannerRow {
  const reference = DECOY
  const kept: KeptNotice = {
    file: {
      count: 1024,
      index: 0,
      kind: 'product',
      path: Array.from({ length: 10 }, () => hex(agent.random(32))),
      salt: hex(agent.random(32)),
      signed: Buffer.alloc(12 * 1024, 1).toString('base64'),
      v: 1,
    },
    language: 'en',
    direction: 'ltr',
    subject: 'x'.repeat(60),
    lines: Array.from({ length: DECOY_LINES }, () => 'x'.repeat(70)),
  }
  const sealed = agent.vault.seal(JSON.stringify(kept), `product ${reference}`)
  return { reference, notice: '', phase: 'released', state: '{}', batch: 0, sealed }
}
