import type { Template } from '#wire/assemble-template.ts'
import type { ReadDraft } from '#wire/agent.ts'
import { parseBrief } from '#wire/notice.ts'
import type { NoticeRow } from '#ports/agent-store.ts'
import { type Agent, allow, deny, type LocalResult, templateOf } from './agent.ts'
import {
  changedNotice,
  newNotice,
  type NoticeRecord,
  type NoticeState,
  recordOf,
} from './notice-record.ts'

/** Whether a notice that failed can be drafted anew: nobody has its act, so that it is not told twice. */
export function isRedraftable({ act }: Pick<NoticeState, 'act'>): boolean {
  return act === undefined
}

/** Drafts a notice, or drafts it anew as long as it is not being filed; also one that was refused. */
export async function draftNotice(
  agent: Agent,
  name: string,
  draft: ReadDraft,
): Promise<LocalResult<NoticeRecord>> {
  const template = templateOf(agent, draft.template)
  if (!template.ok) return deny('notice-invalid', template.refusal.detail)
  const brief = parseBrief(draft.brief)
  if (!brief.ok) return deny('notice-invalid', brief.refusal.detail ?? brief.refusal.reason)
  const terms = await stateOf(agent, draft, template.value)
  if (!terms.ok) return terms
  if (draft.batches !== undefined && brief.value.hold_reason !== 'protecting-detection')
    return deny('batches-unjustified')
  const known = await agent.store.readNotice(name)
  const since = known === undefined ? undefined : recordOf(known).state.draftedAt
  const state = { ...terms.value, draftedAt: since ?? agent.now() }
  const closed = known === undefined ? undefined : closedBy(recordOf(known))
  if (closed !== undefined) return deny('notice-closed', closed)
  const { approval } = draft
  const secrets = { brief: brief.value, ...(approval === undefined ? {} : { approval }) }
  const { matter } = draft
  const row: NoticeRow =
    known === undefined
      ? newNotice(agent, { name, matter, phase: 'draft', state }, secrets)
      : {
          ...changedNotice(agent, known, { matter, phase: 'draft', secrets }),
          state: JSON.stringify(state),
        }
  if (
    known?.phase === 'draft' &&
    known.state === row.state &&
    known.matter === matter &&
    isSame(agent, known, row)
  )
    return allow(recordOf(known))
  return (await agent.store.putNotice(row))
    ? allow(recordOf(row))
    : deny('notice-changed', 'somebody else changed it at the same moment')
}

/** Why a notice is not drafted any more; `undefined` where it may be. */
function closedBy({ phase, state }: NoticeRecord): string | undefined {
  if (phase === 'draft') return undefined
  if (phase !== 'failed') return 'this notice was given out to be filed'
  return isRedraftable(state)
    ? undefined
    : 'its time ran out after it was filed: draft another notice, under another name'
}

async function stateOf(
  agent: Agent,
  { batches, campaign, joint, kind, left_out: leftOut, supersedes }: ReadDraft,
  template: Template,
): Promise<LocalResult<NoticeState>> {
  if ((kind === 'first') !== (supersedes === undefined))
    return deny('notice-invalid', 'supersedes goes with every kind but first')
  const earlier = supersedes === undefined ? undefined : await agent.store.readNotice(supersedes)
  const earlierAct = earlier === undefined ? undefined : recordOf(earlier).state.act
  if (supersedes !== undefined && earlierAct === undefined)
    return deny('notice-invalid', 'the notice that this one follows was not filed here')
  return allow({
    kind,
    template: template.hash,
    ...(batches === undefined ? {} : { batching: batches }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(joint === undefined ? {} : { joint }),
    ...(leftOut === undefined ? {} : { leftOut }),
    ...(supersedes === undefined ? {} : { supersedes }),
    ...(earlierAct === undefined ? {} : { supersedesAct: earlierAct }),
  })
}

function isSame({ vault }: Agent, a: NoticeRow, b: NoticeRow): boolean {
  return vault.open(a.sealed, `notice ${a.name}`) === vault.open(b.sealed, `notice ${b.name}`)
}

/** Gives a notice out to be filed; once that is durable it will be, whatever happens to this process. */
export async function orderFiling(agent: Agent, name: string): Promise<LocalResult<NoticeRecord>> {
  const known = await agent.store.readNotice(name)
  if (known === undefined) return deny('not-found')
  const record = recordOf(known)
  if (known.phase !== 'draft' && known.phase !== 'failed') return allow(record)
  const closed = closedBy(record)
  if (closed !== undefined) return deny('notice-closed', closed)
  if ((await agent.store.countRecipients(name)) === 0)
    return deny('notice-empty', 'nobody was reported for this notice')
  const { refused: _, ...state } = recordOf(known).state
  const row = { ...changedNotice(agent, known, { phase: 'filing' }), state: JSON.stringify(state) }
  if (!(await agent.store.putNotice(row)))
    return deny('notice-changed', 'somebody else changed it at the same moment')
  agent.wake()
  return allow(recordOf(row))
}
