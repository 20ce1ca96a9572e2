import { describe, expect, test } from 'vitest'
import { activeParty, checkHead, headOf, ownerOf } from '#core/directory.ts'
import {
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  parseVkey,
  verifierOf,
} from '#core/log/note.ts'
import { DAY_SECONDS, parseInstant } from '#core/time.ts'
import {
  actBy,
  addOfficer,
  certificateOf,
  factsOf,
  fingerprintOf,
  LOG_KEY,
  ORIGIN,
  QUORUMS,
  foundedBy,
  govern,
  governed,
  reasonOf,
} from '#test/helpers/roster.ts'
import { decideGovernance } from '#core/party.ts'

const A = 'a.example'
const B = 'b.example'
const founded = foundedBy(A, B)
const policy = (two_officers: boolean) => actBy(A, 'party.policy', { rules: [], two_officers })
const retire = (name: string, reason: 'compromised' | 'retired') =>
  actBy(A, 'officer.retire', { fingerprint: fingerprintOf(name), reason })
const admit = (domain: string, name: string) =>
  actBy(A, 'party.admit', {
    domain,
    kind: 'member',
    officers: [{ certificate: certificateOf(name), challenge: '', duties: ['admin'] }],
  })

test('a second charter is refused', () => {
  const again = actBy(A, 'charter.adopt', {
    founders: [
      { domain: 'x.example', officers: [{ certificate: certificateOf('x'), duties: ['admin'] }] },
    ],
    log_key: LOG_KEY,
    quorums: QUORUMS,
    service_certificate: certificateOf('service'),
    templates: [],
    witnesses: { keys: [], quorum: 0 },
  })
  expect(reasonOf(govern(founded, again, 'service', 'x'))).toBe('charter-exists')
})

const witness = (name: string, seed: number, type = KEY_TYPE_COSIGNATURE): string =>
  formatVkey(verifierOf({ name, seed: new Uint8Array(32).fill(seed) }, type))
const amended = (...keys: readonly string[]): string => {
  const terms = founded.charter
  if (terms === undefined) throw new Error('there is no charter')
  const witnesses = { keys, quorum: 2 }
  return reasonOf(govern(founded, actBy(A, 'charter.amend', { ...terms, witnesses }), 'service'))
}

describe('a witness of a charter counts once', () => {
  test('two keys under two names are two', () => {
    expect(amended(witness('w1', 1), witness('w2', 2))).toBe('accepted')
  })

  test('one key under two names is refused, and two keys under one', () => {
    expect(amended(witness('w1', 1), witness('w2', 1))).toBe('vkey-malformed')
    expect(amended(witness('w1', 1), witness('w1', 2))).toBe('vkey-malformed')
  })

  test('the log is none of its own, by name or by key', () => {
    expect(amended(witness('w1', 1), witness(ORIGIN, 2))).toBe('vkey-malformed')
    const log = parseVkey(LOG_KEY)
    if (!log.ok) throw new Error('no log key')
    const own = formatVkey({ ...log.value, name: 'w2', type: KEY_TYPE_COSIGNATURE })
    expect(amended(witness('w1', 1), own)).toBe('vkey-malformed')
  })

  test('a key of another type is refused', () => {
    expect(amended(witness('w1', 1), witness('w2', 2, KEY_TYPE_ED25519))).toBe('vkey-malformed')
  })
})

describe('a key belongs to one officer of one party, for ever', () => {
  test('another party cannot enrol it', () => {
    const { act } = addOfficer(B, `admin@${A}`, ['reporter'])
    expect(reasonOf(govern(founded, act, `admin@${A}`))).toBe('certificate-enrolled-already')
  })

  test('nor can its own party a second time', () => {
    const { act } = addOfficer(A, `admin@${A}`, ['reporter'])
    expect(reasonOf(govern(founded, act, `admin@${A}`))).toBe('certificate-enrolled-already')
  })

  test('not even after it was retired, elsewhere', () => {
    const roster = governed(founded, addOfficer(A, 'second', ['admin']), {
      act: retire('second', 'retired'),
    })
    expect(reasonOf(govern(roster, addOfficer(B, 'second', ['reporter']).act, 'second'))).toBe(
      'certificate-enrolled-already',
    )
    expect(ownerOf(roster, fingerprintOf('second'))?.party.domain).toBe(A)
  })

  test('a compromised one is never enrolled again', () => {
    const roster = governed(founded, addOfficer(A, 'second', ['admin']), {
      act: retire('second', 'compromised'),
    })
    expect(reasonOf(govern(roster, addOfficer(A, 'second', ['reporter']).act, 'second'))).toBe(
      'certificate-enrolled-already',
    )
  })

  test("the service's key is no officer's", () => {
    expect(reasonOf(govern(founded, addOfficer(A, 'service', ['reporter']).act, 'service'))).toBe(
      'certificate-enrolled-already',
    )
  })

  test('a certificate that adopts an encryption subkey of somebody else does not keep its owner out', () => {
    const thief = {
      ...factsOf('thief'),
      keys: [fingerprintOf('thief'), fingerprintOf('victim encryption')],
    }
    const act = addOfficer(B, 'thief', ['reporter']).act
    const stolen = decideGovernance(founded, act, {
      id: '',
      certificates: new Map([[certificateOf('thief'), thief]]),
      recoveryDue: true,
    })
    expect(stolen.ok).toBe(true)
    if (stolen.ok)
      expect(
        reasonOf(govern(stolen.value, addOfficer(A, 'victim', ['reporter']).act, 'victim')),
      ).toBe('accepted')
  })
})

describe('a party keeps running', () => {
  test('its last admin cannot retire or lose the duty', () => {
    expect(reasonOf(govern(founded, retire(`admin@${A}`, 'retired')))).toBe('policy-invalid')
    const change = actBy(A, 'officer.change', {
      fingerprint: fingerprintOf(`admin@${A}`),
      duties: ['reporter'],
    })
    expect(reasonOf(govern(founded, change))).toBe('policy-invalid')
  })

  test('but a stolen key is shut out even then', () => {
    expect(reasonOf(govern(founded, retire(`admin@${A}`, 'compromised')))).toBe('accepted')
  })

  test('the two-officer rule needs two admins, and keeps them', () => {
    expect(reasonOf(govern(founded, policy(true)))).toBe('two-officers-needed')
    const strict = governed(founded, addOfficer(A, 'second', ['admin']), { act: policy(true) })
    expect(reasonOf(govern(strict, retire('second', 'retired')))).toBe('two-officers-needed')
    expect(reasonOf(govern(strict, retire('second', 'compromised')))).toBe('accepted')
  })

  test('a policy cannot ask for a duty that nobody holds', () => {
    const lean = governed(founded, { act: admit('c.example', 'c'), certificates: ['c'] })
    const rules = [{ duties: ['counsel'], type: 'notice.file' }] as const
    expect(
      reasonOf(govern(lean, actBy('c.example', 'party.policy', { rules, two_officers: false }))),
    ).toBe('policy-invalid')
  })
})

describe('a party changes only itself', () => {
  test('an officer of another party is not its own to retire', () => {
    const act = actBy(B, 'officer.retire', {
      fingerprint: fingerprintOf(`admin@${A}`),
      reason: 'compromised',
    })
    expect(reasonOf(govern(founded, act))).toBe('officer-unknown')
  })

  test('nor to replace', () => {
    const act = actBy(B, 'certificate.replace', {
      certificate: certificateOf(`admin@${A}`),
      challenge: '',
    })
    expect(reasonOf(govern(founded, act, `admin@${A}`))).toBe('officer-unknown')
  })
})

describe('admitting a party that is there already gives it new officers', () => {
  const act = admit(B, 'new-admin')

  test('only after its public days', () => {
    const context = {
      id: '',
      certificates: new Map([[certificateOf('new-admin'), factsOf('new-admin')]]),
      recoveryDue: false,
    }
    expect(reasonOf(decideGovernance(founded, act, context))).toBe('not-due')
  })

  test('retires the old ones and lifts a suspension', () => {
    const roster = governed(
      founded,
      { act: actBy(A, 'party.suspend', { domain: B, reason: 'compromised' }) },
      { act, certificates: ['new-admin'] },
    )
    const party = activeParty(roster, B)
    expect(party.ok && [...party.value.officers.values()].map((o) => o.status)).toEqual([
      'retired',
      'active',
    ])
  })

  test('keeps the kind that it was admitted as', () => {
    const partner = actBy(A, 'party.admit', { ...act.body, kind: 'partner' })
    expect(reasonOf(govern(founded, partner, 'new-admin'))).toBe('party-exists')
  })
})

describe('the head that an act names', () => {
  const roster = governed(founded, addOfficer(A, 'second', ['admin']))
  const [first] = roster.chain
  const endOfDay = (parseInstant('2026-11-23T00:00:00Z') ?? 0) + DAY_SECONDS
  const at = (days: number) => endOfDay + days * DAY_SECONDS

  test('may be the current one at any time', () => {
    expect(reasonOf(checkHead(roster, headOf(roster), at(4000)))).toBe('accepted')
  })

  test('may be one replaced up to 30 days ago, inclusive', () => {
    expect(reasonOf(checkHead(roster, first?.hash ?? '', at(30)))).toBe('accepted')
    expect(reasonOf(checkHead(roster, first?.hash ?? '', at(30) + 1))).toBe('directory-stale')
  })

  test('is never one that was not in the chain', () => {
    expect(reasonOf(checkHead(roster, '1'.repeat(64), at(0)))).toBe('directory-unknown')
  })
})
