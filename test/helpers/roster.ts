import type { Act, ActOf } from '#core/act.ts'
import { NO_HEAD } from '#core/act.ts'
import type { ActBodies, ActType, Duty, Quorums } from '#core/act-bodies.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { type Directory, emptyDirectory, headOf, withRecord } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { formatVkey, KEY_TYPE_ED25519, verifierOf } from '#core/log/note.ts'
import type { CertificateFacts } from '#core/openpgp.ts'
import { utf8 } from '#core/bytes.ts'
import { decideGovernance, type GovernanceAct } from '#core/party.ts'
import type { Result } from '#core/result.ts'

// Rosters as plain data, for tests of decisions: no OpenPGP here, only the facts that inspection would give.

export const ORIGIN = 'coalition.example'

/** The log key of every roster here; nothing is signed with it. */
export const LOG_KEY = formatVkey(
  verifierOf({ name: ORIGIN, seed: new Uint8Array(32) }, KEY_TYPE_ED25519),
)

export const QUORUMS: Quorums = {
  admit: [2, 3],
  advisory_reviewers: 2,
  amend: [2, 3],
  dossier_panelists: 7,
  suspend: [2, 3],
  suspend_others: 2,
  template_members: 3,
  template_partners: 1,
}

/** Names a certificate; its fingerprint and everything else follow from the name. */
export function certificateOf(name: string): string {
  return Buffer.from(`certificate of ${name}`).toString('base64')
}

export function fingerprintOf(name: string): string {
  return sha256Hex(utf8(name)).slice(0, 40)
}

export function factsOf(name: string): CertificateFacts {
  const fingerprint = fingerprintOf(name)
  const encryption = fingerprintOf(`${name} encryption`)
  return {
    fingerprint,
    version: 4,
    keys: [fingerprint, encryption],
    provenKeys: [fingerprint],
    signingKeys: [fingerprint],
    encryptionKeys: [encryption],
    createdAt: 0,
    expiresAt: null,
    userIds: [name],
    bytes: utf8(name),
  }
}

/** Facts of every certificate named. */
export function facts(...names: readonly string[]): ReadonlyMap<string, CertificateFacts> {
  return new Map(names.map((name) => [certificateOf(name), factsOf(name)]))
}

/** An act by a party, dated so that nothing about it is stale. */
export function actBy<T extends ActType>(party: string, type: T, body: ActBodies[T]): ActOf<T> {
  const act = {
    at: '2026-11-23T10:00:00Z',
    body,
    by: { party },
    directory: NO_HEAD,
    expires: '2026-11-30T10:00:00Z',
    nonce: '0'.repeat(32),
    origin: ORIGIN,
    type,
    v: 1,
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one member of the union, by its type
  return act as unknown as ActOf<T>
}

/** Officers are called `<duty>@<domain>`; every founder has one who may do everything, `admin@<domain>`. */
export function foundedBy(...domains: readonly string[]): Directory {
  const charter = actBy(domains[0] ?? '', 'charter.adopt', {
    founders: domains.map((domain) => ({
      domain,
      officers: [{ certificate: certificateOf(`admin@${domain}`), duties: DUTIES }],
    })),
    log_key: LOG_KEY,
    quorums: QUORUMS,
    service_certificate: certificateOf('service'),
    templates: [],
    witnesses: { keys: [], quorum: 0 },
  })
  const names = domains.map((domain) => `admin@${domain}`)
  const adopted = govern(emptyDirectory(ORIGIN), charter, 'service', ...names)
  if (!adopted.ok) throw new Error(adopted.refusal.reason)
  return adopted.value
}

/** Decides a governance act and appends its record. */
export function govern(
  directory: Directory,
  act: GovernanceAct,
  ...certificates: readonly string[]
): Result<Directory> {
  const id = sha256Hex(utf8(JSON.stringify(act)))
  const next = decideGovernance(directory, act, {
    id,
    certificates: facts(...certificates),
    recoveryDue: true,
  })
  if (!next.ok) return next
  return {
    ok: true,
    value: withRecord(next.value, {
      hash: sha256Hex(utf8(headOf(directory) + id)),
      day: '2026-11-23',
    }),
  }
}

/** Decides several governance acts in turn. @throws Error with the reason of the first that is refused. */
export function governed(
  directory: Directory,
  ...steps: readonly { act: GovernanceAct; certificates?: readonly string[] }[]
): Directory {
  let roster = directory
  for (const { act, certificates = [] } of steps) {
    const next = govern(roster, act, ...certificates)
    if (!next.ok) throw new Error(next.refusal.reason)
    roster = next.value
  }
  return roster
}

/** An `officer.add` by name. */
export function addOfficer(
  domain: string,
  name: string,
  duties: readonly Duty[],
): { act: GovernanceAct; certificates: readonly string[] } {
  const body = { certificate: certificateOf(name), challenge: '0'.repeat(64), duties }
  return { act: actBy(domain, 'officer.add', body), certificates: [name] }
}

/** Signatures by officers, by name. */
export function signedBy(...names: readonly string[]): readonly { fingerprint: string }[] {
  return names.map((name) => ({ fingerprint: fingerprintOf(name) }))
}

export function reasonOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.refusal.reason
}

export type { Act }
