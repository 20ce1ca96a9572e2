import { hex } from '#core/bytes.ts'
import { systemRandom } from '#client/random.ts'
import type { ParsedAct } from '#core/act.ts'
import type { Commit, Storage } from '#ports/storage.ts'
import { answerAct } from '#service/answer-act.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { parseAct } from '#wire/act.ts'
import { type Contender, cpuMeter, type Group, interleave, median, rounded } from './measure.ts'

/** Acts that are there already. */
const SIZES = [1000, 10_000, 100_000] as const
/** The same where there is less than a minute for everything. */
const SIZES_QUICK = [500, 5000] as const
const ACTS = 96
const CLIENTS = 32
const FILL_ACTS = 500

/** What an act costs in a young coalition and in an old one: nothing may be looked through that grows with it. */
export const growth: Group = {
  name: 'growth',
  lines: ['acts-growth'],
  run: async (effort, print) => {
    const opened: Grown[] = []
    const sizes = effort.isQuick ? SIZES_QUICK : SIZES
    try {
      for (const size of sizes) opened.push(await grown(size))
      const samples = Math.min(effort.samples, effort.isQuick ? 3 : 9)
      const costs = await interleave(opened.map(contender), { ...effort, samples })
      const [young = []] = costs
      const ratios = costs.map((cost) =>
        median(cost.map((one, sample) => one / (young[sample] ?? Number.NaN))),
      )
      const each = sizes.map(
        (size, i) => `${String(size)} acts: ${String(rounded(median(costs[i] ?? [])))}`,
      )
      print({
        name: 'acts-growth',
        ratio: rounded(Math.max(...ratios.slice(1))),
        goal: 1.3,
        better: 'lower',
        value: rounded(median(costs.at(-1) ?? [])),
        unit: 'microseconds of CPU for an act',
        reference: `${String(rounded(median(young)))} with ${String(sizes[0])} acts; ${each.join(', ')}; without HTTP`,
        samples,
      })
    } finally {
      for (const { coalition } of opened) await coalition.close()
    }
  },
}

interface Grown {
  readonly coalition: Coalition
}

interface Ready {
  readonly parsed: ParsedAct
  readonly signature: string
}

/** A coalition that has had so many acts, each with the rows that a real one leaves. */
async function grown(size: number): Promise<Grown> {
  const coalition = await foundCoalition()
  const { sequencer, storage } = coalition.ports
  const model = await captured(coalition)
  for (let done = 0; done < size; done += FILL_ACTS) {
    await storage.commit(alike(model, Math.min(FILL_ACTS, size - done), done))
    await sequencer.flush()
  }
  return { coalition }
}

/** What a real act commits. */
async function captured(coalition: Coalition): Promise<Commit> {
  let seen: Commit | undefined
  const storage: Storage = {
    ...coalition.ports.storage,
    commit: async (commit) => {
      seen = commit
      return await coalition.ports.storage.commit(commit)
    },
  }
  const { parsed, signature } = await ready(coalition)
  accepted(await answerAct({ ...coalition.ports, storage }, parsed, [signature]))
  if (seen === undefined) throw new Error('an act committed nothing')
  return seen
}

/** The same rows under other names. */
function alike(model: Commit, count: number, from: number): Commit {
  const copies = Array.from({ length: count }, (_, i) => copyOf(model, from + i))
  return {
    guards: [],
    subjects: copies.flatMap(({ subjects }) => subjects),
    acts: copies.flatMap(({ acts }) => acts),
    signatures: copies.flatMap(({ signatures }) => signatures),
    records: copies.flatMap(({ records }) => records),
  }
}

function copyOf(model: Commit, place: number): Omit<Commit, 'guards'> {
  const id = hex(systemRandom(32))
  return {
    subjects: model.subjects.map((row) => ({
      ...row,
      id: row.kind === 'act' ? id : hex(systemRandom(row.id.length / 2)),
    })),
    acts: model.acts.map((row) => ({ ...row, id })),
    signatures: model.signatures.map((row) => ({
      ...row,
      act: id,
      packetHash: hex(systemRandom(32)),
    })),
    records: model.records.map((row) => ({
      ...row,
      act: id,
      // Below the time of every real one, in the order of arrival.
      id: place.toString(16).padStart(12, '0') + hex(systemRandom(10)),
      addendum: Uint8Array.from([...systemRandom(32), ...row.addendum.subarray(32)]),
    })),
  }
}

async function ready(coalition: Coalition): Promise<Ready> {
  const { contoso } = threeOf(coalition)
  const body = { tokens: [hex(systemRandom(32))] }
  const payload = await coalition.compose('mailbox.invite', body, contoso)
  return {
    parsed: accepted(parseAct(payload)),
    signature: await coalition.sign(contoso, payload),
  }
}

function contender({ coalition }: Grown): Contender {
  let prepared: Ready[] = []
  return {
    times: ACTS,
    meter: cpuMeter,
    prepare: async () => {
      prepared = []
      for (let i = 0; i < ACTS; i++) prepared.push(await ready(coalition))
    },
    run: async () => {
      const left = [...prepared]
      await Promise.all(
        Array.from({ length: CLIENTS }, async () => await submitAll(coalition, left)),
      )
    },
  }
}

async function submitAll({ ports }: Coalition, left: Ready[]): Promise<void> {
  for (let one = left.pop(); one !== undefined; one = left.pop())
    accepted(await answerAct(ports, one.parsed, [one.signature]))
}
