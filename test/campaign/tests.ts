import { afterAll, beforeAll, expect, test } from 'vitest'
import type { OpenedNotice } from '#client/open-envelope.ts'
import { gpgMissing } from '#test/helpers/gpg.ts'
import { type Campaign, type CampaignPlan, runCampaign } from './campaign.ts'
import {
  holdCodes,
  holdMailboxes,
  holdMails,
  holdMailsWithGpg,
  holdPlatform,
  holdProducts,
  holdStates,
  holdTroubles,
} from './hold-to.ts'
import { noKiller } from './killer.ts'
import type { Person } from './people.ts'

const HOUR_MILLISECONDS = 3_600_000

/**
 * Runs a campaign through the processes as they are shipped, a server, an agent, a relay and a submission server, while mails are put off,
 * connections cut, certificates wrong and processes killed; then holds what everybody has to what they must have.
 *
 * The seed is printed; `DUNANT_SEED` repeats its faults and kills, as far as processes are repeatable.
 */
export function campaignTests(plan: CampaignPlan): void {
  const seed = Number(process.env['DUNANT_SEED'] ?? Date.now() % 2 ** 31)
  if (noKiller !== undefined) {
    process.stderr.write(`the campaign is skipped: ${noKiller}\n`)
    test.skip('a campaign', () => undefined)
    return
  }
  let campaign: Campaign
  let notices: ReadonlyMap<Person, OpenedNotice> = new Map()

  beforeAll(async () => {
    campaign = await runCampaign(plan, seed)
    const { company, office } = campaign
    const taken = office.reports.filter(({ kind }) => kind === 'taken').length
    process.stdout.write(
      `seed ${String(seed)}: ${String(company.kills.length)} kills, ${String(plan.sizes.relayed)} mails taken ${String(taken)} times\n`,
    )
  }, HOUR_MILLISECONDS)
  afterAll(async () => {
    await campaign.close()
  })
  const holds = (name: string, hold: () => Promise<void> | void): void => {
    test(name, hold, HOUR_MILLISECONDS)
  }

  holds('everything went wrong on the way', () => {
    holdTroubles(campaign)
  })
  holds(
    'every mail arrived, and again only where it was in flight at a kill, under the same Message-ID',
    () => {
      holdMails(campaign)
    },
  )
  holds(
    'every account is shown its notice in its language, and proves it; nobody else is',
    async () => {
      notices = await holdProducts(campaign)
    },
  )
  test.skipIf(gpgMissing !== undefined)(
    "every mail decrypts with gpg, verifies with the company's key, and carries the proof",
    async () => {
      await holdMailsWithGpg(campaign)
    },
    HOUR_MILLISECONDS,
  )
  holds('every mailbox has its notice, and its owner opens it', async () => {
    await holdMailboxes(campaign)
  })
  holds('the check code of a notice is found with its account, and not with another', async () => {
    await holdCodes(campaign, notices)
  })
  holds('the company knows that every mail was sent', async () => {
    await holdStates(campaign)
  })
  holds('nothing that the platform wrote tells of any customer', async () => {
    expect(await campaign.company.stop()).toEqual([0, 0])
    await campaign.solo.server.stop()
    holdPlatform(campaign, notices)
  })
}
