import { sha256Hex } from '#core/hash.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { systemRandom } from '#client/random.ts'
import { UNFILED_DAYS } from '#service/run-due.ts'
import { threeOf } from './coalition.ts'
import {
  acknowledgement,
  act,
  admission,
  type Attempt,
  brief,
  bundleOfAnna,
  customer,
  enrolment,
  falseBundle,
  filed,
  filing,
  furtherChunk,
  inAnHour,
  invited,
  lapsing,
  lastSignature,
  type Props,
  rotation,
  session,
  submitted,
  support,
  unasked,
  uploading,
} from './fault-attempts.ts'
import type { Write } from './fault-injector.ts'
import { briefTo } from './notices.ts'

/** A kind of change, with the writes that it makes where nothing fails. */
export interface Operation {
  readonly name: string
  /** Up to its answer. */
  readonly before: readonly Write[]
  /** After what it promised is durable. */
  readonly after: readonly Write[]
  /** Its answer is a refusal, with which nothing may stay. */
  readonly isRefused?: true
  /** One in which all that follows an act is gone through in every run of the tests. */
  readonly showsLog?: true
  /** Nobody asked for it, so nobody is answered: it says at its end whether all of it was done. */
  readonly isUnasked?: true
  readonly prepare: (props: Props) => Promise<Attempt>
}

const LOGGED = ['appendLog', 'sign', 'saveCheckpoint'] as const
/** The bytes of a chunk, the offsets of its lines, and their hashes. */
const CHUNK = ['put', 'put', 'put'] as const
/** The levels of the tree over 1,024 lines, and its root. */
const TREE = Array.from({ length: 11 }, () => 'put' as const)

/** Policies so far: each one says another thing than the one before. */
let policies = 0

/** Every kind of change. */
export const OPERATIONS: readonly Operation[] = [
  {
    name: 'an act of governance',
    showsLog: true,
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      const { contoso } = threeOf(world.coalition())
      const rule = { duties: ['admin'], type: 'campaign.share' } as const
      const body = { rules: policies++ % 2 === 0 ? [rule] : [], two_officers: false }
      return await act(world, 'party.policy', body, contoso)
    },
  },
  {
    name: 'the first signature of several',
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      const { contoso } = threeOf(world.coalition())
      return await act(world, 'party.admit', await admission(world), contoso)
    },
  },
  {
    name: 'the last signature of several',
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => await lastSignature(world),
  },
  {
    name: 'act.withdraw',
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      const { contoso } = threeOf(world.coalition())
      const pending = await submitted(world)
      return await act(world, 'act.withdraw', { act: pending }, contoso)
    },
  },
  {
    name: 'act.lapse, unasked',
    showsLog: true,
    isUnasked: true,
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      await lapsing(world)
      return unasked()
    },
  },
  {
    name: 'mailbox.invite',
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      const { contoso } = threeOf(world.coalition())
      const body = { tokens: [sha256Hex(systemRandom(32))] }
      return await act(world, 'mailbox.invite', body, contoso)
    },
  },
  {
    name: 'mailbox.enrol',
    before: ['commit'],
    after: [],
    prepare: async ({ world }) =>
      await enrolment(world, { invitation: await invited(world), name: 'carla' }),
  },
  {
    name: 'mailbox.filers',
    before: ['commit'],
    after: [],
    prepare: async ({ world }) => {
      const own = await customer(world)
      return await act(world, 'mailbox.filers', { filers: ['fabrikam.example'] }, own)
    },
  },
  {
    name: 'mailbox.rotate',
    before: ['commit'],
    after: [],
    prepare: async ({ world }) => await rotation(world, { own: await customer(world), to: 'dora' }),
  },
  {
    name: 'mailbox.close',
    before: ['commit'],
    after: [],
    prepare: async ({ world }) => await act(world, 'mailbox.close', {}, await customer(world)),
  },
  {
    name: 'a brief',
    before: ['put', 'commit'],
    after: [],
    prepare: async ({ world }) => await brief(world),
  },
  {
    name: 'campaign.open',
    before: ['commit'],
    after: LOGGED,
    prepare: async ({ world }) => {
      const { contoso, fabrikam } = threeOf(world.coalition())
      const label = await briefTo(world.coalition(), contoso, [contoso, fabrikam])
      return await act(world, 'campaign.open', { invited: [fabrikam.domain], label }, contoso)
    },
  },
  {
    name: 'a bundle',
    before: ['commit', ...CHUNK, ...TREE, 'commit'],
    after: [],
    prepare: async (props) => await uploading(props, await bundleOfAnna(props)),
  },
  {
    name: 'a further chunk',
    before: [...CHUNK, ...TREE, 'commit'],
    after: [],
    prepare: async (props) => await furtherChunk(props),
  },
  {
    name: 'a bundle that is not what it was announced to be',
    before: [...CHUNK, ...TREE, 'commit', 'deletePrefix', 'commit'],
    after: [],
    isRefused: true,
    prepare: async (props) => await falseBundle(props),
  },
  {
    name: 'an upload that nobody filed, dropped unasked',
    isUnasked: true,
    before: ['commit', 'deletePrefix', 'commit'],
    after: [],
    prepare: async (props) => {
      const { run } = await uploading(props, await bundleOfAnna(props))
      await run(props.world.coalition())
      // The token of the upload goes first.
      props.world.clock.advance(3 * DAY_SECONDS)
      await unasked().run(props.world.coalition())
      props.world.clock.advance((UNFILED_DAYS - 2) * DAY_SECONDS)
      return unasked()
    },
  },
  {
    name: 'notice.file',
    before: ['commit'],
    after: LOGGED,
    prepare: async (props) => await filing(props, {}),
  },
  {
    name: 'notice.file, to be released jointly',
    before: ['commit'],
    after: LOGGED,
    prepare: async (props) => await filing(props, { joint: inAnHour(props.world, 1) }),
  },
  {
    name: 'notice.support',
    before: ['commit'],
    after: LOGGED,
    prepare: async (props) => await support(props, await filed(props, {})),
  },
  {
    name: 'notice.support that releases',
    showsLog: true,
    before: ['commit'],
    after: ['commit', ...LOGGED],
    prepare: async (props) =>
      await support(props, await filed(props, { joint: inAnHour(props.world, 1) })),
  },
  {
    name: 'notice.release at its time, unasked',
    isUnasked: true,
    before: ['commit'],
    after: LOGGED,
    prepare: async (props) => {
      await filed(props, { joint: inAnHour(props.world, 2) })
      props.world.clock.advance(3600)
      return unasked()
    },
  },
  {
    name: 'notice.acknowledge',
    before: ['commit'],
    after: [],
    prepare: async (props) => (await acknowledgement(props))[0],
  },
  {
    name: 'a session',
    before: ['commit'],
    after: [],
    prepare: async () => await Promise.resolve(session()),
  },
]
