import { systemRandom } from '#client/random.ts'
import { briefTo, idOf, noticeBody } from '#test/helpers/notices.ts'
import { type Coalition, threeOf } from '#test/helpers/coalition.ts'
import type { CampaignState, NoticeState } from '#core/decision.ts'
import {
  acknowledgement,
  act,
  admission,
  type Attempt,
  bundleOfAnna,
  customer,
  enrolment,
  filed,
  invited,
  type Outcome,
  type Props,
  rotation,
  support,
  uploading,
} from '#test/helpers/fault-attempts.ts'
import { sha256Hex } from '#core/hash.ts'
import { UPLOADS_MAX } from '#service/upload-bundle.ts'

/** Something that was decided and waits to be written, and what happens meanwhile. */
export interface Race {
  readonly name: string
  /** The kind of subject whose version alone keeps them apart; absent where the place in the governance chain does as well. */
  readonly guard?: string
  readonly prepare: (props: Props) => Promise<Racers>
}

/** Both sides of a race. */
export interface Racers {
  readonly paused: Attempt
  readonly rival: Attempt
  /** Whether it ended as if one had come after the other. */
  readonly isRight: (outcome: Outcome) => Promise<boolean>
}

/** Every kind of version that decisions name. */
export const RACES: readonly Race[] = [
  {
    name: 'the vote of a party, and its suspension',
    prepare: async ({ world }) => {
      const coalition = world.coalition()
      const { domain, id, payload } = await pendingAdmission({ world })
      const signature = await coalition.sign(threeOf(coalition).litware, payload)
      return {
        paused: cosigning(id, signature),
        rival: await suspension(coalition),
        isRight: async ({ status }) => status >= 400 && !(await isParty(coalition, domain)),
      }
    },
  },
  {
    name: 'an act of a party, and its suspension',
    guard: 'directory',
    prepare: async ({ world }) => {
      const coalition = world.coalition()
      const { litware } = threeOf(coalition)
      const body = { tokens: [sha256Hex(systemRandom(32))] }
      return {
        paused: await act(world, 'mailbox.invite', body, litware),
        rival: await suspension(coalition),
        isRight: async ({ status }) => await Promise.resolve(status >= 400),
      }
    },
  },
  {
    name: 'the last signature under an act, and its withdrawal',
    guard: 'act',
    prepare: async ({ world }) => {
      const coalition = world.coalition()
      const { contoso, fabrikam } = threeOf(coalition)
      const { domain, id, payload } = await pendingAdmission({ world })
      const signature = await coalition.sign(fabrikam, payload)
      return {
        paused: cosigning(id, signature),
        rival: await act(world, 'act.withdraw', { act: id }, contoso),
        isRight: async ({ status }) => status === 409 && !(await isParty(coalition, domain)),
      }
    },
  },
  {
    name: 'two filings of one bundle',
    guard: 'bundle',
    prepare: async (props) => {
      const { contoso } = threeOf(props.world.coalition())
      const bundle = await bundleOfAnna(props)
      await (await uploading(props, bundle)).run(props.world.coalition())
      const body = noticeBody(contoso, bundle)
      return {
        paused: await act(props.world, 'notice.file', body, contoso),
        rival: await act(props.world, 'notice.file', body, contoso),
        isRight: async ({ reason }) => await Promise.resolve(reason === 'bundle-filed-already'),
      }
    },
  },
  {
    name: 'two supports of one notice',
    guard: 'notice',
    prepare: async (props) => {
      const { world } = props
      const notice = await filed(props, {})
      return {
        paused: await support({ world }, notice),
        rival: await support({ world }, notice, 'litware'),
        isRight: async ({ status }) => {
          const [row] = await world
            .coalition()
            .ports.storage.readSubjects([{ kind: 'notice', id: notice }])
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row of a notice
          const { supports } = JSON.parse(row?.state ?? '') as NoticeState
          return status === 201 && supports.length === 2
        },
      }
    },
  },
  {
    name: 'two acceptances of one campaign',
    guard: 'campaign',
    prepare: async (props) => await acceptances(props),
  },
  {
    name: 'two rotations of one mailbox',
    guard: 'mailbox',
    prepare: async ({ world }) => {
      const own = await customer(world)
      return {
        paused: await rotation(world, { own, to: 'dora' }),
        rival: await rotation(world, { own, to: 'emil' }),
        isRight: async ({ status }) => await Promise.resolve(status >= 400),
      }
    },
  },
  {
    name: 'two enrolments by one invitation',
    guard: 'invitation',
    prepare: async ({ world }) => {
      const invitation = await invited(world)
      return {
        paused: await enrolment(world, { invitation, name: 'carla' }),
        rival: await enrolment(world, { invitation, name: 'dora' }),
        isRight: async ({ reason }) => await Promise.resolve(reason === 'invitation-invalid'),
      }
    },
  },
  {
    name: 'two acknowledgements of one line',
    guard: 'acknowledgement',
    prepare: async (props) => {
      const [paused, rival] = await acknowledgement(props)
      return {
        paused,
        rival,
        isRight: async ({ reason }) => await Promise.resolve(reason === 'nothing-to-do'),
      }
    },
  },
  {
    name: 'two uploads of which only one fits the quota',
    guard: 'quota',
    prepare: async (props) => await lastUploads(props),
  },
]

async function pendingAdmission({
  world,
}: Pick<Props, 'world'>): Promise<{ domain: string; id: string; payload: Uint8Array }> {
  const coalition = world.coalition()
  const { contoso } = threeOf(coalition)
  const body = await admission(world)
  const payload = await coalition.compose('party.admit', body, contoso)
  const id = idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
  return { domain: body.domain, id, payload }
}

function cosigning(id: string, signature: string): Attempt {
  return {
    act: id,
    run: async (coalition) => {
      const { headers, reason, status } = await coalition.cosign(id, signature)
      return { status, reason, receipt: null, retryAfter: headers.has('retry-after') }
    },
  }
}

async function isParty({ ports }: Coalition, domain: string): Promise<boolean> {
  return (await ports.directory.current()).parties.has(domain)
}

/** The suspension of Litware by the two others. */
async function suspension(coalition: Coalition): Promise<Attempt> {
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const body = { domain: litware.domain, reason: 'conduct' } as const
  const payload = await coalition.compose('party.suspend', body, contoso)
  const votes = [await coalition.sign(contoso, payload), await coalition.sign(fabrikam, payload)]
  return {
    run: async (now) => {
      const { status } = await now.post(payload, ...votes)
      return { status, receipt: null, retryAfter: false }
    },
  }
}

async function acceptances({ world }: Props): Promise<Racers> {
  const coalition = world.coalition()
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const label = await briefTo(coalition, contoso, [contoso, fabrikam, litware])
  const invitedParties = [fabrikam.domain, litware.domain]
  const opened = await coalition.submit(
    'campaign.open',
    { invited: invitedParties, label },
    contoso,
  )
  const campaign = idOf(opened)
  return {
    paused: await act(world, 'campaign.accept', { campaign }, fabrikam),
    rival: await act(world, 'campaign.accept', { campaign }, litware),
    isRight: async ({ status }) => {
      const [row] = await coalition.ports.storage.readSubjects([{ kind: 'campaign', id: campaign }])
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row of a campaign
      const { accepted } = JSON.parse(row?.state ?? '') as CampaignState
      const named = invitedParties.filter((domain) => accepted.includes(domain))
      return status === 201 && named.length === 2
    },
  }
}

/** All uploads but one are under way; two more begin. */
async function lastUploads(props: Props): Promise<Racers> {
  const bundle = await bundleOfAnna(props)
  const bytes = bundle.bytes.subarray(0, bundle.bytes.indexOf(10) + 1)
  const beginning = async (): Promise<Attempt> => {
    const root = Buffer.from(systemRandom(32)).toString('hex')
    return await uploading(props, { ...bundle, root, bytes, totalBytes: bundle.bytes.length })
  }
  for (let i = 1; i < UPLOADS_MAX; i++) await (await beginning()).run(props.world.coalition())
  return {
    paused: await beginning(),
    rival: await beginning(),
    isRight: async ({ reason }) => await Promise.resolve(reason === 'bundle-over-quota'),
  }
}
