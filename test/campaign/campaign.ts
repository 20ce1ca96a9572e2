import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { inBatches } from '#client/in-flight.ts'
import { type Dice, diceOf } from '#test/helpers/dice.ts'
import { draftNotice, openSolo, type SoloCoalition } from '#test/helpers/solo-coalition.ts'
import type { NoticeDraft } from '#wire/agent.ts'
import { type Company, openCompany } from './company.ts'
import {
  type Fault,
  FAULTS,
  openPostOffice,
  type PostOffice,
  type Taken,
} from './open-post-office.ts'
import { eventOf, makePeople, type Person, PLANTED, shuffled, type Sizes } from './people.ts'

/** How large a campaign is, and how often its processes are killed. */
export interface CampaignPlan {
  readonly sizes: Sizes
  /** Of the agent, while it takes reports and files. */
  readonly killsBefore: number
  /** Of agent and relay in turns, while mails are sent. */
  readonly killsAmidMail: number
  /** Kills come within so many milliseconds of each other. */
  readonly pauseMilliseconds: number
}

/** A campaign that has run its course, with everything that can be asked of those who took part. */
export interface Campaign {
  readonly solo: SoloCoalition
  readonly company: Company
  readonly office: PostOffice
  readonly people: readonly Person[]
  readonly dice: Dice
  /** Of the notice. */
  readonly act: string
  /** Copies of all that the platform had written, while it ran; its own folders are named by `PLATFORM`. */
  readonly seized: readonly string[]
  close(): Promise<void>
}

/** Everything that the platform's process can write to, in the folder of the test. */
export const PLATFORM = ['server', 'around'] as const

/** What the company's systems reported, in a folder of their own. */
export const REPORTED = 'reported'

/** Runs a campaign from accounts to mails that were taken, with everything going wrong on the way that the seed says. */
export async function runCampaign(plan: CampaignPlan, seed: number): Promise<Campaign> {
  const dice = diceOf(seed)
  // All customers ask from one machine here.
  const solo = await openSolo({ folder: 'around', env: { DUNANT_LIMIT_FACTOR: '1000' } })
  await draftNotice(solo)
  const people = await makePeople(solo, plan.sizes, dice)
  const office = await openPostOffice(solo.path('post-office'))
  const company = await openCompany(solo, office)
  mkdirSync(solo.path(REPORTED))
  writeFileSync(solo.path(`${REPORTED}/events.json`), JSON.stringify(people.map(eventOf)))
  const failing = faultsFor(people, dice)
  office.order({ kind: 'plan', faults: failing })
  const stage = { company, dice, office, people, plan, solo }
  const act = await file(stage)
  const seized = [seize(solo, 'seized-filed')]
  await deliver(stage)
  seized.push(seize(solo, 'seized-mailed'))
  return {
    ...stage,
    act,
    seized,
    close: async () => {
      await company.stop()
      await office.close()
      await solo.close()
    },
  }
}

type Stage = Pick<Campaign, 'company' | 'dice' | 'office' | 'people' | 'solo'> & {
  readonly plan: CampaignPlan
}

/** Drafts, reports and gives out the notice while the agent is killed again and again; gives its act id once it is released. */
async function file({ company, dice, people, plan, solo }: Stage): Promise<string> {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- as `notice draft` writes it
  const brief: NoticeDraft['brief'] = JSON.parse(
    readFileSync(solo.path('draft/brief.json'), 'utf8'),
  )
  const name = PLANTED.notice
  await company.ask(async (agent) => await agent.draft(name, { matter: PLANTED.matter, brief }))
  const report = async (): Promise<void> => {
    for await (const batch of inBatches(people.map(eventOf), 500)) {
      const taken = await company.ask(async (agent) => await agent.reportAll(batch))
      expect(taken.filter((one) => !one.taken)).toEqual([])
    }
    await company.ask(async (agent) => await agent.file(name))
  }
  const storm = async (): Promise<void> => {
    for (let kill = 0; kill < plan.killsBefore; kill++) {
      await sleep(dice.below(plan.pauseMilliseconds))
      await company.kill('agent')
    }
  }
  await Promise.all([report(), storm()])
  for (;;) {
    const standing = await company.ask(async (agent) => await agent.standing(name))
    if (standing.phase === 'failed') throw new Error(JSON.stringify(standing.refused))
    if (standing.phase === 'released' && standing.act !== null) return standing.act
    await sleep(200)
  }
}

/** Waits until every mail was sent, while the server shows a wrong certificate for a while, fails, and the processes are killed. */
async function deliver({ company, dice, office, people, plan }: Stage): Promise<void> {
  const wanted = people.filter((person) => person.mail !== undefined).length
  await until(() => /"certificate-wrong"/.test(company.events()))
  let blows: Promise<void> = Promise.resolve()
  const moments = new Set(
    shuffled(
      Array.from({ length: wanted }, (_, i) => i + 1),
      dice,
    ).slice(0, plan.killsAmidMail),
  )
  let blow = 0
  office.onTaken(() => {
    const count = office.reports.filter(isTaken).length
    if (!moments.delete(count)) return
    const which = blow++ % 2 === 0 ? 'agent' : 'relay'
    blows = blows.then(async () => await company.kill(which))
    if (blow === Math.ceil(plan.killsAmidMail / 2))
      blows = blows.then(async () => await distrust(office))
  })
  // Whoever waits for a server in trouble is not woken by its recovery: this one is, by being killed.
  await company.kill('agent')
  office.order({ kind: 'certificate', certificate: 'right' })
  for (;;) {
    if (!office.isUp()) throw new Error('the mail server ended')
    const counts = await company.counts()
    if (counts['sent'] === wanted && moments.size === 0) break
    await sleep(250)
  }
  await blows
}

/** The server shows a wrong certificate for a while. */
async function distrust(office: PostOffice): Promise<void> {
  office.order({ kind: 'certificate', certificate: 'wrong' })
  await sleep(1500)
  office.order({ kind: 'certificate', certificate: 'right' })
}

/** Half of the mails fail at first in one way, some in two. Each way is there. */
function faultsFor(
  people: readonly Person[],
  dice: Dice,
): readonly (readonly [string, readonly Fault[]])[] {
  const addresses = shuffled(
    people.flatMap(({ mail }) => (mail === undefined ? [] : [mail.address])),
    dice,
  )
  return addresses.slice(0, Math.ceil(addresses.length / 2)).map((address, i) => {
    const first = FAULTS[i % FAULTS.length] ?? 'cut'
    return [address, i % 10 === 9 ? [first, dice.of(FAULTS)] : [first]]
  })
}

/** Copies what the platform wrote while it runs, with what its database had not yet written into its main file. */
function seize(solo: SoloCoalition, name: string): string {
  const to = solo.path(name)
  for (const folder of PLATFORM) cpSync(solo.path(folder), `${to}/${folder}`, { recursive: true })
  return to
}

/** Tells whether a report is of a mail that was taken. */
export function isTaken(report: PostOffice['reports'][number]): report is Taken {
  return report.kind === 'taken'
}

async function until(hasCome: () => boolean): Promise<void> {
  while (!hasCome()) await sleep(50)
}
