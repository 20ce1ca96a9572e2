import { composeApproval, describeApproval } from '#client/approval.ts'
import { isCountry } from '#client/countries.ts'
import { systemRandom } from '#client/random.ts'
import { APPROVAL_SECONDS_MAX, type ApprovalScope } from '#core/approval.ts'
import { accept } from '#core/result.ts'
import { DAY_SECONDS, formatInstant } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import { writeWhole } from '#agent/files.ts'
import { findApproval } from '#cli/approvals.ts'
import { compose, openOfficer, signIn, submitPayload } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { pathOf } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { adoptedTemplate } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'

const DAYS_MAX = APPROVAL_SECONDS_MAX / DAY_SECONDS

/** `template approve`: what opens the commitment is on the disk before the act is sent. */
export const approve: Command = async (call) => {
  const scope = readScope(call)
  const days = call.args.count('days') ?? DAYS_MAX
  if (days < 1 || days > DAYS_MAX) throw new UsageError(`--days is 1 to ${String(DAYS_MAX)}`)
  const out = pathOf(call, call.args.text('out'))
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    const { directory } = actor.value.replay
    const template = await adoptedTemplate(call.args.argument(0), directory, api.value)
    if (!template.ok) return template
    const until = formatInstant(actor.value.connection.now + days * DAY_SECONDS)
    const { body, file } = composeApproval(
      { scope, template: template.value.hash, until },
      systemRandom,
    )
    const payload = compose(actor.value, 'template.approve', body)
    const parsed = parseAct(payload)
    if (!parsed.ok) return parsed
    const kept = { ...file, approval: parsed.value.id }
    writeWhole(out, `${JSON.stringify(kept, undefined, 2)}\n`, { isNew: true, isDurable: true })
    const submitted = await submitPayload(actor.value, payload)
    return submitted.ok
      ? accept(describeSubmitted(submitted.value, [...describeApproval(kept), `file      ${out}`]))
      : submitted
  })
}

/** `template approval` */
export const show: Command = async (call) =>
  await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    const found = await findApproval(call, api.value, call.args.argument(0))
    if (!found.ok) return found
    const { file, opened, status } = found.value
    const isOver = status === 'effective' && actor.value.connection.now >= opened.until
    const standing = isOver ? 'over' : status
    return accept(
      say([`approval  ${file.approval}`, `status    ${standing}`, ...describeApproval(file)], {
        ...file,
        status: standing,
      }),
    )
  })

/** @throws UsageError where the countries are none, or not said. */
function readScope({ args }: Call): ApprovalScope {
  const named = args.list('country').map((code) => code.toUpperCase())
  const isAny = args.flag('any-country')
  if (isAny === named.length > 0)
    throw new UsageError('give --country CODE, once for each, or --any-country')
  const wrong = named.find((code) => !isCountry(code))
  if (wrong !== undefined)
    throw new UsageError(`${wrong} is no country code of ISO 3166-1 (alpha-2), such as FR or GB`)
  const own_words = args.flag('own-words')
  return isAny ? { own_words } : { countries: [...new Set(named)].toSorted(), own_words }
}
