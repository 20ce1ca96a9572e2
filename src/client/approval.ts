import type { ParsedAct } from '#core/act.ts'
import type { TemplateApproveBody } from '#core/act-bodies.ts'
import type { ApprovalScope } from '#core/approval.ts'
import { fromBase64, hex } from '#core/bytes.ts'
import { scopeCommitment } from '#core/commitment.ts'
import type { Brief } from '#core/notice-statement.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseInstant } from '#core/time.ts'
import { parseAct } from '#wire/act.ts'
import type { ApprovalFile } from '#wire/approval.ts'
import type { Api } from './http.ts'
import type { RandomBytes } from './random.ts'
import type { Recipient } from './recipients.ts'

const SALT_BYTES = 32

/** An approval whose file opens its act; only `openApproval` makes one. */
export type OpenedApproval = ApprovalOpened

class ApprovalOpened {
  protected readonly opened = true
  /** Act id. */
  readonly act: string
  readonly scope: ApprovalScope
  readonly template: string
  /** POSIX seconds. */
  readonly until: number

  constructor(file: ApprovalFile, until: number) {
    this.act = file.approval
    this.scope = file.scope
    this.template = file.template
    this.until = until
  }
}

/** Composes the body by which counsel approves, and the opening that the party keeps. */
export function composeApproval(
  terms: { readonly scope: ApprovalScope; readonly template: string; readonly until: string },
  random: RandomBytes,
): { readonly body: TemplateApproveBody; readonly file: Omit<ApprovalFile, 'approval'> } {
  const salt = hex(random(SALT_BYTES))
  const { scope, template, until } = terms
  return {
    body: { scope: scopeCommitment(salt, scope), template, until },
    file: { salt, scope, template, until, v: 1 },
  }
}

/** Fetches the act of an approval and holds its file against it. Refuses `approval-unknown`, and as `openApproval`. */
export async function fetchApproval(
  api: Pick<Api, 'readAct'>,
  file: ApprovalFile,
): Promise<Result<{ readonly opened: OpenedApproval; readonly status: string }>> {
  const served = await api.readAct(file.approval)
  if (!served.ok) return refuse('approval-unknown', 'the server shows your party no such approval')
  const payload = fromBase64(served.value.payload)
  const parsed = payload === undefined ? refuse('act-not-json') : parseAct(payload)
  if (!parsed.ok) return parsed
  const opened = openApproval(file, parsed.value)
  return opened.ok ? accept({ opened: opened.value, status: served.value.status }) : opened
}

/** Fetches an approval that is to be used. Refuses as `fetchApproval`, and `approval-ended` where it is not in effect. */
export async function effectiveApproval(
  api: Pick<Api, 'readAct'>,
  file: ApprovalFile,
): Promise<Result<OpenedApproval>> {
  const found = await fetchApproval(api, file)
  if (!found.ok) return found
  return found.value.status === 'effective'
    ? accept(found.value.opened)
    : refuse('approval-ended', `the approval is ${found.value.status}`)
}

/** Holds the file of an approval against the act that the party signed. Refuses `approval-exceeded` where it is of another one. */
export function openApproval(file: ApprovalFile, parsed: ParsedAct): Result<OpenedApproval> {
  const { act, id } = parsed
  const opens =
    id === file.approval &&
    act.type === 'template.approve' &&
    act.body.template === file.template &&
    act.body.until === file.until &&
    act.body.scope === scopeCommitment(file.salt, file.scope)
  return opens
    ? accept(new ApprovalOpened(file, parseInstant(file.until) ?? 0))
    : refuse('approval-exceeded', 'the file says something else than the act that was signed')
}

/**
 * Checks what is the same for all before anything is signed: the server sees neither template nor brief.
 *
 * The words of every value stand in the template that counsel read, so that a changed brief or changed facts need nothing new. A sentence
 * of the company's own does: counsel has not read it, unless the approval says that such sentences are covered. Another template always
 * does. Refuses `approval-exceeded`, `approval-ended`.
 *
 * @param now POSIX seconds
 */
export function checkCovered(
  approval: OpenedApproval,
  notice: { readonly brief: Brief; readonly template: string },
  now: number,
): Result<void> {
  if (now >= approval.until) return refuse('approval-ended')
  if (notice.template !== approval.template)
    return refuse(
      'approval-exceeded',
      'counsel approved another template, or another version of it',
    )
  return notice.brief.method_plain === undefined || approval.scope.own_words
    ? accept(undefined)
    : refuse('approval-exceeded', 'the brief has a sentence of its own (method_plain)')
}

/** Why an approval does not cover a customer, in our own words; `undefined` where it does. Whose country nobody knows is covered for any country alone. */
export function uncovered(
  { country, facts }: Pick<Recipient, 'country' | 'facts'>,
  { countries, own_words }: ApprovalScope,
): string | undefined {
  if (countries !== undefined && country === undefined)
    return 'the row has no country, and counsel approved for some countries only'
  if (countries !== undefined && !countries.includes(country ?? ''))
    return `counsel has not approved this for ${country ?? ''}`
  return facts.seen === undefined || own_words
    ? undefined
    : 'the facts have a sentence of their own (seen), which counsel has not approved'
}

/** Says what an approval covers, for whoever signs or uses it. */
export function describeApproval({
  scope,
  template,
  until,
}: Omit<ApprovalFile, 'approval' | 'salt' | 'v'>): readonly string[] {
  const { countries, own_words } = scope
  return [
    `template  ${template}`,
    `for       ${countries === undefined ? 'customers in any country, also where no country is known' : `customers in ${countries.join(', ')}, as the column country says`}`,
    `words     ${own_words ? 'also sentences that the company words itself' : 'only the words of the template; sentences of the company’s own need counsel’s own signature'}`,
    `until     ${until}`,
  ]
}
