import { formatInstant } from '#core/time.ts'
import { type Coalition, type Company, FOUNDED_TEMPLATE, threeOf } from '#test/helpers/coalition.ts'
import { idOf, noticeBody } from '#test/helpers/notices.ts'
import type { RefusalCase } from './refusal-case.ts'
import { acting } from './refusal-governance.cases.ts'
import { filing, within } from './refusal-notice.cases.ts'

const DAY = 86_400
const HASH = '0'.repeat(64)

/** An approval of Contoso's for a day. */
async function approve(c: Coalition, by: Company): Promise<string> {
  const until = formatInstant(c.clock.now() + DAY)
  const body = { scope: HASH, template: FOUNDED_TEMPLATE, until }
  return idOf(await c.submit('template.approve', body, by))
}

export const APPROVALS: readonly RefusalCase[] = [
  filing(
    "a notice on another party's approval",
    { reason: 'approval-unknown', status: 422 },
    async ({ bundle, c, contoso }) => {
      const approval = await approve(c, threeOf(c).fabrikam)
      return noticeBody(contoso, bundle, { approval })
    },
  ),
  filing(
    'a notice on an approval that was withdrawn',
    { reason: 'approval-ended', status: 422 },
    async ({ bundle, c, contoso }) => {
      const approval = await approve(c, contoso)
      idOf(await c.submit('act.withdraw', { act: approval }, contoso))
      return noticeBody(contoso, bundle, { approval })
    },
  ),
  filing(
    'a notice on an approval that has run out',
    { reason: 'approval-ended', status: 422 },
    async ({ bundle, c, contoso }) => {
      const approval = await approve(c, contoso)
      c.clock.set(c.clock.now() + DAY)
      return noticeBody(contoso, bundle, { approval })
    },
  ),
  within(
    'an approval for more than 90 days',
    { reason: 'approval-term-invalid', status: 422 },
    {
      type: 'template.approve',
      body: ({ c }) => ({
        scope: HASH,
        template: FOUNDED_TEMPLATE,
        until: formatInstant(c.clock.now() + 90 * DAY + 1),
      }),
    },
  ),
  within(
    'an approval of a template that is not adopted',
    { reason: 'template-unknown', status: 422 },
    {
      type: 'template.approve',
      body: ({ c }) => ({
        scope: HASH,
        template: HASH,
        until: formatInstant(c.clock.now() + DAY),
      }),
    },
  ),
  acting(
    'a policy by which others than counsel approve templates',
    { reason: 'policy-invalid', status: 422 },
    {
      type: 'party.policy',
      body: () => ({
        rules: [{ duties: ['reporter'], type: 'template.approve' }],
        two_officers: false,
      }),
    },
  ),
]
