import { type AgentStore, RECIPIENT_STATES, type RecipientState } from '#ports/agent-store.ts'
import type { HoldClock } from './hold-clock.ts'
import { type Durations, durationsOf, type Share, sharesOf } from './metrics.ts'
import { recordOf } from './notice-record.ts'

/** What a company may show of its notices: to its lawyers, its engineers and the public. */
export interface MetricsReport {
  /** From confirmation until customers were told, over all cases that ended. */
  readonly hold: Durations
  /** From the order to file until a recipient was sent or shown the notice. */
  readonly delivery: Durations
  /** From then until it was shown. */
  readonly shown: Durations
  /** All recipients of all notices that were released. */
  readonly recipients: number | undefined
  readonly states: Readonly<Record<RecipientState, Share>>
  /** Notices of each kind: that corrections and withdrawals are counted is owed to those who got them. */
  readonly notices: Readonly<Record<'correction' | 'first' | 'follow_up' | 'withdrawal', number>>
}

type Reading = Pick<AgentStore, 'countRecipients' | 'listNotices' | 'listRecipients' | 'statesOf'>

/** Sums up what an agent and its desk remember. Numbers over several notices, since those of one would tell of few. */
export async function reportMetrics(
  store: Reading,
  clocks: readonly HoldClock[],
): Promise<MetricsReport> {
  const counts = Object.fromEntries(RECIPIENT_STATES.map((state) => [state, 0]))
  const notices = { correction: 0, first: 0, follow_up: 0, withdrawal: 0 }
  const [delivery, shown]: [number[], number[]] = [[], []]
  let recipients = 0
  for (const row of await store.listNotices()) {
    if (row.phase !== 'released') continue
    notices[recordOf(row).state.kind] += 1
    for await (const times of timesOf(store, row.name)) {
      recipients += 1
      for (const state of times.keys()) counts[state] = (counts[state] ?? 0) + 1
      const told = earliest(times, ['sent', 'shown', 'fetched'])
      const queued = times.get('queued')
      const seen = times.get('shown')
      if (told !== undefined && queued !== undefined) delivery.push(told - queued)
      if (seen !== undefined && told !== undefined) shown.push(seen - told)
    }
  }
  // How many values stand behind a time counts recipients too, and is shown beside the other counts of them.
  const { timed, watched, ...states } = sharesOf(recipients, {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- an entry for each state, made above
    ...(counts as Record<RecipientState, number>),
    timed: delivery.length,
    watched: shown.length,
  })
  return {
    hold: durationsOf(
      clocks.flatMap(({ confirmed, told }) => (told === undefined ? [] : [told - confirmed])),
    ),
    delivery: { ...durationsOf(delivery), count: timed.reached },
    shown: { ...durationsOf(shown), count: watched.reached },
    recipients: recipients < 5 ? undefined : recipients,
    states,
    notices,
  }
}

async function* timesOf(
  store: Reading,
  notice: string,
): AsyncGenerator<ReadonlyMap<RecipientState, number>> {
  for (let after = ''; ; ) {
    const page = await store.listRecipients(notice, after)
    if (page.length === 0) return
    for (const { reference } of page) {
      const states = await store.statesOf(reference)
      yield new Map(states.map(({ at, state }) => [state, at]))
    }
    after = page.at(-1)?.reference ?? ''
  }
}

function earliest(
  times: ReadonlyMap<RecipientState, number>,
  states: readonly RecipientState[],
): number | undefined {
  const known = states.flatMap((state) => times.get(state) ?? [])
  return known.length === 0 ? undefined : Math.min(...known)
}

/** The report as rows of a table or of CSV: a withheld number is said to be withheld. */
export function metricsRows(report: MetricsReport): readonly (readonly string[])[] {
  const durations = (['hold', 'delivery', 'shown'] as const).map((name) => {
    const { count, medianHours, p90Hours } = report[name]
    return [`${name} time, hours`, said(count), said(medianHours), said(p90Hours)]
  })
  const states = RECIPIENT_STATES.map((state) => {
    const { of, reached } = report.states[state]
    return [`recipients ${state}`, said(reached), `of ${said(of)}`, '']
  })
  const notices = Object.entries(report.notices).map(([kind, count]) => [
    `notices, ${kind}`,
    String(count),
    '',
    '',
  ])
  return [['what', 'count', 'median', '90th percentile'], ...durations, ...states, ...notices]
}

function said(value: number | undefined): string {
  return value === undefined ? 'withheld' : String(value)
}
