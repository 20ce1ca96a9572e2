import { encryptTo, signEntity } from '#client/openpgp.ts'
import type { ActBodies, ActType, NoticeFileBody } from '#core/act-bodies.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatInstant } from '#core/time.ts'
import { type Coalition, type Company, threeOf } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import {
  type Bundle,
  briefTo,
  bundleFor,
  bundleOf,
  fileNotice,
  idOf,
  noticeBody,
  openCampaign,
  paddedLines,
  upload,
} from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'
import { byService } from './refusal-governance.cases.ts'

const DAY = 86_400
const HASH = '0'.repeat(64)
type Kind = Pick<RefusalCase, 'reason' | 'status'>

interface Setting extends Record<'contoso' | 'fabrikam' | 'litware', Company> {
  readonly c: Coalition
  /** Contoso's; Fabrikam has accepted, Litware is invited. */
  readonly campaign: string
}

async function settle(c: Coalition): Promise<Setting> {
  const three = threeOf(c)
  const campaign = await openCampaign(c, three.contoso, [three.fabrikam, three.litware])
  idOf(await c.submit('campaign.accept', { campaign }, three.fabrikam))
  return { ...three, c, campaign }
}

/** An act that is refused within a campaign. */
export function within<T extends ActType>(
  name: string,
  kind: Kind,
  act: {
    readonly type: T
    readonly by?: 'fabrikam' | 'litware'
    readonly body: (setting: Setting) => Promise<ActBodies[T]> | ActBodies[T]
  },
): RefusalCase {
  return {
    ...kind,
    name,
    arrange: async (c) => {
      const setting = await settle(c)
      const body = await act.body(setting)
      return async () => await c.submit(act.type, body, setting[act.by ?? 'contoso'])
    },
  }
}

const UNKNOWN_CAMPAIGN: Kind = { reason: 'campaign-unknown', status: 422 }
const UNKNOWN_NOTICE: Kind = { reason: 'notice-unknown', status: 422 }
const UNKNOWN_BRIEF: Kind = { reason: 'brief-unknown', status: 422 }

const CAMPAIGNS: readonly RefusalCase[] = [
  within(
    'a campaign that invites its author',
    { reason: 'campaign-not-invited', status: 422 },
    { type: 'campaign.open', body: () => ({ invited: ['contoso.example'], label: HASH }) },
  ),
  within(
    'a campaign that invites nobody known',
    { reason: 'party-unknown', status: 422 },
    { type: 'campaign.open', body: () => ({ invited: ['nobody.example'], label: HASH }) },
  ),
  within('a label that was not uploaded', UNKNOWN_BRIEF, {
    type: 'campaign.open',
    body: () => ({ invited: ['fabrikam.example'], label: HASH }),
  }),
  within('a label that another party uploaded', UNKNOWN_BRIEF, {
    type: 'campaign.open',
    body: async ({ c, fabrikam }) => ({
      invited: ['fabrikam.example'],
      label: await briefTo(c, fabrikam, [fabrikam]),
    }),
  }),
  within(
    'a label that a party outside can read',
    { reason: 'brief-recipients-wrong', status: 422 },
    {
      type: 'campaign.open',
      body: async ({ c, contoso, litware }) => ({
        invited: ['fabrikam.example'],
        label: await briefTo(c, contoso, [contoso, litware]),
      }),
    },
  ),
  within('a campaign that there is not', UNKNOWN_CAMPAIGN, {
    type: 'campaign.accept',
    body: () => ({ campaign: HASH }),
  }),
  within('a campaign accepted by its author', UNKNOWN_CAMPAIGN, {
    type: 'campaign.accept',
    body: ({ campaign }) => ({ campaign }),
  }),
  within(
    'a campaign accepted twice',
    { reason: 'nothing-to-do', status: 409 },
    { type: 'campaign.accept', by: 'fabrikam', body: ({ campaign }) => ({ campaign }) },
  ),
  within(
    'the content for one who has not accepted',
    { reason: 'brief-recipients-wrong', status: 422 },
    {
      type: 'campaign.share',
      body: async ({ c, campaign, contoso, litware }) => ({
        campaign,
        content: await briefTo(c, contoso, [litware]),
      }),
    },
  ),
]

/** A notice of Contoso's over a bundle of its own. */
export function filing(
  name: string,
  kind: Kind & { readonly by?: 'litware' },
  body: (setting: Setting & { bundle: Bundle }) => Promise<NoticeFileBody> | NoticeFileBody,
): RefusalCase {
  const { by, ...refusal } = kind
  return within(name, refusal, {
    type: 'notice.file',
    ...(by === undefined ? {} : { by }),
    body: async (setting) => {
      const { c } = setting
      const filer = setting[by ?? 'contoso']
      const bundle = await bundleFor(c, filer, [])
      await upload(c, await c.session(filer), bundle)
      return await body({ ...setting, bundle })
    },
  })
}

const UNTIMELY: Kind = { reason: 'joint-deadline-invalid', status: 422 }

/** A joint notice that waits for a time. */
function joint(name: string, seconds: number): RefusalCase {
  return filing(name, UNTIMELY, async ({ bundle, c, campaign, contoso, fabrikam }) =>
    noticeBody(contoso, bundle, {
      brief_message: await briefTo(c, contoso, [contoso, fabrikam]),
      campaign,
      joint: { required: 1, until: formatInstant(c.clock.now() + seconds) },
    }),
  )
}

const NOTICES: readonly RefusalCase[] = [
  filing(
    'a reporter of another party',
    { reason: 'signer-not-entitled', status: 403 },
    ({ bundle, contoso, fabrikam }) =>
      noticeBody(contoso, bundle, { reporter: fabrikam.key.fingerprint }),
  ),
  filing('a joint notice without a campaign', UNKNOWN_CAMPAIGN, ({ bundle, c, contoso }) =>
    noticeBody(contoso, bundle, {
      joint: { required: 1, until: formatInstant(c.clock.now() + 60) },
    }),
  ),
  filing(
    'a notice in a campaign without a brief for the others',
    UNKNOWN_BRIEF,
    ({ bundle, campaign, contoso }) => noticeBody(contoso, bundle, { campaign }),
  ),
  filing(
    'a notice in a campaign not accepted',
    { reason: 'campaign-not-accepted', status: 409, by: 'litware' },
    ({ bundle, campaign, litware }) => noticeBody(litware, bundle, { campaign }),
  ),
  joint('a joint notice that waits longer than a day', DAY + 1),
  joint('a joint notice whose time is over', -1),
  filing('a correction of nothing', UNKNOWN_NOTICE, ({ bundle, contoso }) =>
    noticeBody(contoso, bundle, { kind: 'correction' }),
  ),
  filing(
    "a correction of another's notice",
    UNKNOWN_NOTICE,
    async ({ bundle, c, contoso, fabrikam }) => {
      const { notice } = await fileNotice(c, fabrikam)
      return noticeBody(contoso, bundle, { kind: 'correction', supersedes: notice })
    },
  ),
  filing(
    'a notice corrected twice',
    { reason: 'notice-superseded', status: 409 },
    async ({ bundle, c, contoso }) => {
      const { notice } = await fileNotice(c, contoso, { customers: [await c.enrol('alice')] })
      await fileNotice(c, contoso, {
        customers: [await c.enrol('bob')],
        kind: 'correction',
        supersedes: notice,
      })
      return noticeBody(contoso, bundle, { kind: 'correction', supersedes: notice })
    },
  ),
  filing(
    'a bundle that was not uploaded',
    { reason: 'bundle-unknown', status: 422 },
    ({ contoso }) => noticeBody(contoso, bundleOf(paddedLines([], 'other'))),
  ),
  filing(
    "another party's bundle",
    { reason: 'bundle-unknown', status: 422 },
    async ({ c, contoso, fabrikam }) => {
      const bundle = bundleOf(paddedLines([], 'other'))
      await upload(c, await c.session(fabrikam), bundle)
      return noticeBody(contoso, bundle)
    },
  ),
  filing(
    'a bundle of which half is here',
    { reason: 'bundle-incomplete', status: 409 },
    async ({ c, contoso }) => {
      const bundle = bundleOf(paddedLines([], 'other'))
      const half = bundle.bytes.subarray(0, bundle.bytes.length / 2)
      const held = await upload(c, await c.session(contoso), {
        ...bundle,
        bytes: half,
        totalBytes: bundle.bytes.length,
      })
      if (held.status !== 202) throw new Error(held.text)
      return noticeBody(contoso, bundle)
    },
  ),
  filing(
    'a bundle filed twice',
    { reason: 'bundle-filed-already', status: 409 },
    async ({ bundle, c, contoso }) => {
      idOf(await c.submit('notice.file', noticeBody(contoso, bundle), contoso))
      return noticeBody(contoso, bundle)
    },
  ),
  filing(
    'another count than the bundle has',
    { reason: 'bundle-count-wrong', status: 422 },
    ({ bundle, contoso }) => noticeBody(contoso, { ...bundle, count: 2048 }),
  ),
]

async function sharedNotice({ c, campaign, contoso, fabrikam, litware }: Setting): Promise<string> {
  const brief_message = await briefTo(c, contoso, [contoso, fabrikam, litware])
  return (await fileNotice(c, contoso, { campaign, brief_message })).notice
}

const GENUINE = ['issuer_is_genuine'] as const

const SUPPORTS: readonly RefusalCase[] = [
  within('support for nothing', UNKNOWN_NOTICE, {
    type: 'notice.support',
    body: () => ({ notice: HASH, statements: GENUINE }),
  }),
  within('support for a notice outside any campaign', UNKNOWN_NOTICE, {
    type: 'notice.support',
    by: 'fabrikam',
    body: async ({ c, contoso }) => ({
      notice: (await fileNotice(c, contoso)).notice,
      statements: GENUINE,
    }),
  }),
  within(
    "support for one's own notice",
    { reason: 'notice-own', status: 422 },
    {
      type: 'notice.support',
      body: async (setting) => ({ notice: await sharedNotice(setting), statements: GENUINE }),
    },
  ),
  within(
    'support by a party that has not accepted',
    { reason: 'campaign-not-accepted', status: 409 },
    {
      type: 'notice.support',
      by: 'litware',
      body: async (setting) => ({ notice: await sharedNotice(setting), statements: GENUINE }),
    },
  ),
  within(
    'support given twice',
    { reason: 'support-exists', status: 409 },
    {
      type: 'notice.support',
      by: 'fabrikam',
      body: async (setting) => {
        const body = { notice: await sharedNotice(setting), statements: GENUINE }
        idOf(await setting.c.submit('notice.support', body, setting.fabrikam))
        return body
      },
    },
  ),
  {
    reason: 'notice-not-pending',
    status: 409,
    name: 'a notice that the service releases twice',
    arrange: async (c) =>
      await byService(c, 'notice.release', {
        notice: (await fileNotice(c, threeOf(c).contoso)).notice,
        supports: [],
      }),
  },
  {
    ...UNKNOWN_NOTICE,
    name: "an acknowledgement of another customer's line",
    arrange: async (c) => {
      const { notice, bundle } = await fileNotice(c, threeOf(c).contoso, {
        customers: [await c.enrol('alice')],
      })
      const bob = await c.enrol('bob')
      const index = bundle.lines.findIndex((line) => line.includes('mailbox'))
      return async () => await c.submit('notice.acknowledge', { notice, index }, bob)
    },
  },
  {
    reason: 'nothing-to-do',
    status: 409,
    name: 'a notice acknowledged twice',
    arrange: async (c) => {
      const alice = await c.enrol('alice')
      const { notice, bundle } = await fileNotice(c, threeOf(c).contoso, { customers: [alice] })
      const body = { notice, index: bundle.lines.findIndex((line) => line.includes('mailbox')) }
      idOf(await c.submit('notice.acknowledge', body, alice))
      return async () => await c.submit('notice.acknowledge', body, alice)
    },
  },
]

const BRIEFS: readonly RefusalCase[] = [
  {
    reason: 'brief-recipients-wrong',
    status: 422,
    name: 'a brief that a stranger can read',
    arrange: async (c) => {
      const { contoso } = threeOf(c)
      const at = c.clock.now()
      const entity = await signEntity(contoso.key, utf8('Content-Type: text/plain\r\n\r\nx'), {
        at,
      })
      const message = await encryptTo(
        (await companyKey('stranger.example')).certificateBytes,
        entity,
        { at },
      )
      const token = await c.session(contoso)
      return async () =>
        await c.ask(`/api/briefs/${sha256Hex(message)}`, {
          method: 'PUT',
          token,
          body: Uint8Array.from(message),
        })
    },
  },
  ...(['request-malformed', 'envelope-malformed', 'request-too-large'] as const).map(
    (reason): RefusalCase => ({
      reason,
      status: { 'request-malformed': 400, 'envelope-malformed': 422, 'request-too-large': 413 }[
        reason
      ],
      name: {
        'request-malformed': 'a brief under another hash',
        'envelope-malformed': 'a brief in plain text',
        'request-too-large': 'a brief of more than 1 MiB',
      }[reason],
      arrange: async (c) => {
        const token = await c.session(threeOf(c).contoso)
        const body =
          reason === 'request-too-large'
            ? new Uint8Array(2 ** 20 + 1)
            : Uint8Array.from(utf8('plain'))
        const hash = reason === 'envelope-malformed' ? sha256Hex(body) : HASH
        return async () => await c.ask(`/api/briefs/${hash}`, { method: 'PUT', token, body })
      },
    }),
  ),
  {
    reason: 'not-found',
    status: 404,
    name: 'a brief for others',
    arrange: async (c) => {
      const { contoso, fabrikam, litware } = threeOf(c)
      const brief = await briefTo(c, contoso, [contoso, fabrikam])
      const token = await c.session(litware)
      return async () => await c.ask(`/api/briefs/${brief}`, { token })
    },
  },
]

export const NOTICE_CASES: readonly RefusalCase[] = [
  ...CAMPAIGNS,
  ...NOTICES,
  ...SUPPORTS,
  ...BRIEFS,
]
