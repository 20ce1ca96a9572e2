import { NO_HEAD } from './act.ts'
import type { CharterTerms, Duty, PartyKind, PolicyRule, WitnessPolicy } from './act-bodies.ts'
import { type PersistentMap, persistentMap } from './persistent-map.ts'
import { accept, refuse, type Result } from './result.ts'
import { DAY_SECONDS, dayOf, parseInstant } from './time.ts'

/** How long after its replacement a head may still stand in an act's `directory`. */
export const HEAD_AGE_SECONDS_MAX = 30 * DAY_SECONDS

/** One OpenPGP certificate of a party, with what its holder may do. */
export interface Officer {
  /** Primary fingerprint. */
  readonly fingerprint: string
  /** Base64 of the certificate. */
  readonly certificate: string
  /** Fingerprints of the primary key and of the subkeys that have signed for it: those whose holder is certain. */
  readonly keys: readonly string[]
  /** Subkeys that a brief may be encrypted to. */
  readonly encryptionKeys: readonly string[]
  readonly duties: readonly Duty[]
  readonly status: 'active' | 'compromised' | 'retired'
}

/** An organisation named by its domain. */
export interface Party {
  readonly domain: string
  readonly kind: PartyKind
  readonly status: 'active' | 'suspended'
  /** By primary fingerprint. */
  readonly officers: PersistentMap<Officer>
  readonly rules: readonly PolicyRule[]
  readonly twoOfficers: boolean
}

/** The roster that the governance chain describes, as of its head. Immutable. */
export interface Directory {
  readonly origin: string
  /** Act id of the charter, or '' before it. */
  readonly genesis: string
  readonly charter: CharterTerms | undefined
  readonly parties: PersistentMap<Party>
  /** Who a key or subkey belongs to, for ever: also retired officers and suspended parties. */
  readonly keys: PersistentMap<{ readonly party: string; readonly officer: string }>
  /** Certificates that were the service's, now or earlier, by primary fingerprint; base64. */
  readonly serviceCertificates: PersistentMap<string>
  readonly serviceFingerprint: string
  /** Hashes of adopted templates. */
  readonly templates: PersistentMap<true>
  /** The governance records, in order. */
  readonly chain: readonly ChainLink[]
}

/** One governance record of a chain, and what it leaves behind. */
export interface ChainLink {
  /** Record hash. */
  readonly hash: string
  readonly day: string
  /**
   * The log key (note verifier key) that the charter names from this record on: it signs every tree whose newest governance record this
   * is, so that each tree names its own key.
   */
  readonly logKey: string
  /** The witnesses that the charter names from this record on: every tree whose newest governance record this is counts as cosigned by them. */
  readonly witnesses: WitnessPolicy
}

/** The directory of a coalition that has no charter yet. */
export function emptyDirectory(origin: string): Directory {
  return {
    origin,
    genesis: '',
    charter: undefined,
    parties: persistentMap(),
    keys: persistentMap(),
    serviceCertificates: persistentMap(),
    serviceFingerprint: '',
    templates: persistentMap(),
    chain: [],
  }
}

/** Hash of the newest governance record; 64 zeros before the charter. */
export function headOf(directory: Directory): string {
  return directory.chain.at(-1)?.hash ?? NO_HEAD
}

/**
 * The head as it was when a UTC day began; the first one on the day of the charter.
 *
 * Customers' acts and records name this one: the current head would tell between which two decisions of a day they came.
 */
export function headAtMidnight(directory: Directory, day: string): string {
  const link = directory.chain.findLast((candidate) => candidate.day < day) ?? directory.chain[0]
  return link?.hash ?? NO_HEAD
}

/**
 * The day that a governance record made now bears: today, or that of the newest record where a clock that ran ahead has been put right.
 *
 * Days along the chain never go back. Whoever reads a record takes all links of earlier days for known to its author, so that one link with
 * an earlier day would make what was recorded before it unbelievable.
 *
 * @param now POSIX seconds
 */
export function governanceDay(directory: Directory, now: number): string {
  const today = dayOf(now)
  const newest = directory.chain.at(-1)?.day ?? ''
  return newest > today ? newest : today
}

/** Appends a record to the chain of a directory that `decideGovernance` has already changed. */
export function withRecord(directory: Directory, record: { hash: string; day: string }): Directory {
  const logKey = directory.charter?.log_key ?? ''
  const witnesses = directory.charter?.witnesses ?? { keys: [], quorum: 0 }
  return { ...directory, chain: [...directory.chain, { ...record, logKey, witnesses }] }
}

/** The log keys that the charter has named, the newest first. */
export function logKeysOf({ chain }: Pick<Directory, 'chain'>): readonly string[] {
  return [...new Set(chain.map(({ logKey }) => logKey))].toReversed()
}

/**
 * Checks the head that an act's author had verified: the current one, or one replaced at most 30 days ago.
 *
 * Days are what records tell, so a head counts from the end of the day on which it was replaced.
 * Refuses `directory-unknown`, `directory-stale`.
 */
export function checkHead(directory: Directory, head: string, now: number): Result<void> {
  if (head === headOf(directory)) return accept(undefined)
  const position = directory.chain.findIndex((link) => link.hash === head)
  const successor = directory.chain[position + 1]
  if (position < 0 || successor === undefined) return refuse('directory-unknown')
  const replacedBy = (parseInstant(`${successor.day}T00:00:00Z`) ?? 0) + DAY_SECONDS
  return now - replacedBy <= HEAD_AGE_SECONDS_MAX ? accept(undefined) : refuse('directory-stale')
}

/** The officer that a key or subkey belongs to, with the party, whatever their status. */
export function ownerOf(
  directory: Directory,
  keyFingerprint: string,
): { readonly party: Party; readonly officer: Officer } | undefined {
  const owner = directory.keys.get(keyFingerprint)
  if (owner === undefined) return undefined
  const party = directory.parties.get(owner.party)
  const officer = party?.officers.get(owner.officer)
  return party === undefined || officer === undefined ? undefined : { party, officer }
}

/** The parties of a kind that are active, in order of domain. */
export function activeParties(directory: Directory, kind: PartyKind): readonly Party[] {
  return [...directory.parties.values()].filter(
    (party) => party.kind === kind && party.status === 'active',
  )
}

/** A party by its domain. Refuses `party-unknown`, `party-suspended`. */
export function activeParty(directory: Directory, domain: string): Result<Party> {
  const party = directory.parties.get(domain)
  if (party === undefined) return refuse('party-unknown')
  return party.status === 'active' ? accept(party) : refuse('party-suspended')
}

/** The active officers of a party who hold a duty. */
export function officersWith(party: Party, duty: Duty): readonly Officer[] {
  return [...party.officers.values()].filter(
    (o) => o.status === 'active' && o.duties.includes(duty),
  )
}
