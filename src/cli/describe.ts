import type { SubmittedAct } from '#client/http.ts'
import type { Missing } from '#core/quorum.ts'
import { type Output, say } from './output.ts'

/** Where an act stands that was just sent. */
export function describeSubmitted(submitted: SubmittedAct, first: readonly string[] = []): Output {
  const { id, missing, receipt, status } = submitted
  return say([...first, `act     ${id}`, `status  ${status}`, ...missing.map(describeMissing)], {
    id,
    missing,
    status,
    receipt,
  })
}

/** One thing that an act waits for. */
export function describeMissing({ role, needed, have }: Missing): string {
  return `waits   ${ROLES[role]}: ${String(have)} of ${String(needed)}`
}

const ROLES: Readonly<Record<Missing['role'], string>> = {
  day: 'public days',
  founder: 'signatures of founders',
  member: 'signatures of members',
  officer: 'signatures of officers of its own party',
  partner: 'signatures of partners',
  support: 'supports by other parties',
}
