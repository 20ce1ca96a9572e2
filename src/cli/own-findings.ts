import type { Finding } from '#client/monitor.ts'
import type { Home } from './home.ts'
import { keepEffective, ownActs } from './own-acts.ts'

/**
 * Leaves the findings that are news to the owner of a home: not acts that were filed from it and wait, or took effect since. The latter must
 * stay in the chain from now on.
 */
export function foreignFindings(home: Home, findings: readonly Finding[]): readonly Finding[] {
  const { filed } = ownActs(home)
  const isOwn = (finding: Finding): boolean =>
    (finding.kind === 'unknown' || finding.kind === 'waiting') && filed.includes(finding.act)
  const arrived = findings.flatMap((finding) =>
    finding.kind === 'unknown' && isOwn(finding) ? [finding.act] : [],
  )
  keepEffective(home, arrived)
  return findings.filter((finding) => !isOwn(finding))
}
