import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Act } from '#core/act.ts'
import type { Directory } from '#core/directory.ts'
import { missingFor, shareOf } from '#core/quorum.ts'
import {
  actBy,
  addOfficer,
  certificateOf,
  fingerprintOf,
  foundedBy,
  governed,
  signedBy,
} from '#test/helpers/roster.ts'

const A = 'a.example'
const B = 'b.example'
const C = 'c.example'
const three = foundedBy(A, B, C)

const admit = actBy(A, 'party.admit', {
  domain: 'new.example',
  kind: 'member',
  officers: [{ certificate: certificateOf('admin@new.example'), challenge: '', duties: ['admin'] }],
})
const file = actBy(A, 'notice.support', { notice: '0'.repeat(64), statements: ['same_actor_seen'] })

const isComplete = (directory: Directory, act: Act, ...names: readonly string[]): boolean =>
  missingFor(directory, act, signedBy(...names)).length === 0

test('two thirds is rounded up, never down', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), (active) => {
      const needed = shareOf([2, 3], active)
      expect(needed * 3).toBeGreaterThanOrEqual(active * 2)
      expect((needed - 1) * 3).toBeLessThan(active * 2)
    }),
  )
  expect([1, 2, 3, 4, 5, 6].map((n) => shareOf([2, 3], n))).toEqual([1, 2, 2, 3, 4, 4])
})

test('an admission needs two thirds of the members', () => {
  expect(missingFor(three, admit, signedBy(`admin@${A}`))).toEqual([
    { role: 'member', needed: 2, have: 1 },
  ])
  expect(isComplete(three, admit, `admin@${A}`, `admin@${B}`)).toBe(true)
})

test('two officers of one party count once', () => {
  const roster = governed(three, addOfficer(A, `second@${A}`, ['admin']))
  expect(isComplete(roster, admit, `admin@${A}`, `second@${A}`)).toBe(false)
  expect(isComplete(roster, admit, `admin@${A}`, `second@${A}`, `admin@${C}`)).toBe(true)
})

test('one signature twice counts once', () => {
  expect(isComplete(three, admit, `admin@${A}`, `admin@${A}`)).toBe(false)
})

test('a key that nobody enrolled counts for nothing', () => {
  expect(isComplete(three, admit, `admin@${A}`, 'stranger')).toBe(false)
})

test('an act is not complete without its author, however many others signed', () => {
  expect(isComplete(three, admit, `admin@${B}`, `admin@${C}`)).toBe(false)
})

describe('a suspension', () => {
  const suspend = actBy(A, 'party.suspend', { domain: C, reason: 'conduct' })

  test('does not count its target on either side', () => {
    expect(missingFor(three, suspend, signedBy(`admin@${A}`, `admin@${C}`))).toEqual([
      { role: 'member', needed: 2, have: 1 },
    ])
    expect(isComplete(three, suspend, `admin@${A}`, `admin@${B}`)).toBe(true)
  })

  test('cannot be decided by one company in a coalition of two', () => {
    const two = foundedBy(A, C)
    expect(missingFor(two, suspend, signedBy(`admin@${A}`))).toEqual([
      { role: 'member', needed: 2, have: 1 },
    ])
  })
})

describe('a signature that was counted stops counting', () => {
  const signed = [`admin@${A}`, `admin@${B}`]

  test('when its officer is reported as compromised', () => {
    const act = actBy(B, 'officer.retire', {
      fingerprint: fingerprintOf(`admin@${B}`),
      reason: 'compromised',
    })
    expect(isComplete(governed(three, { act }), admit, ...signed)).toBe(false)
  })

  test('when its party is suspended', () => {
    const act = actBy(A, 'party.suspend', { domain: B, reason: 'conduct' })
    const roster = governed(three, { act })
    expect(isComplete(roster, admit, ...signed)).toBe(false)
    expect(isComplete(roster, admit, `admin@${A}`, `admin@${C}`)).toBe(true)
  })

  test('when its officer loses the duty', () => {
    const act = actBy(B, 'officer.change', {
      fingerprint: fingerprintOf(`admin@${B}`),
      duties: ['reporter'],
    })
    const roster = governed(three, addOfficer(B, `second@${B}`, ['admin']), { act })
    expect(isComplete(roster, admit, ...signed)).toBe(false)
  })

  test('but not when its officer merely retires', () => {
    const act = actBy(B, 'officer.retire', {
      fingerprint: fingerprintOf(`admin@${B}`),
      reason: 'retired',
    })
    const roster = governed(three, addOfficer(B, `second@${B}`, ['admin']), { act })
    expect(isComplete(roster, admit, ...signed)).toBe(true)
  })
})

describe('the two-officer rule', () => {
  const policy = actBy(A, 'party.policy', { rules: [], two_officers: true })
  const strict = governed(three, addOfficer(A, `second@${A}`, ['admin', 'reviewer']), {
    act: policy,
  })

  test('asks two officers for every act of the party', () => {
    expect(missingFor(strict, file, signedBy(`admin@${A}`))).toEqual([
      { role: 'officer', needed: 2, have: 1 },
    ])
    expect(isComplete(strict, file, `admin@${A}`, `second@${A}`)).toBe(true)
  })

  test('also for switching it off and for officer changes', () => {
    const off = actBy(A, 'party.policy', { rules: [], two_officers: false })
    expect(isComplete(strict, off, `admin@${A}`)).toBe(false)
    const add = addOfficer(A, `third@${A}`, ['admin']).act
    expect(isComplete(strict, add, `admin@${A}`)).toBe(false)
  })

  test("also for the party's vote", () => {
    expect(isComplete(strict, admit, `admin@${A}`, `admin@${B}`)).toBe(false)
    expect(isComplete(strict, admit, `admin@${A}`, `second@${A}`, `admin@${B}`)).toBe(true)
  })

  test('but lets any admin shut out a stolen key alone', () => {
    const retire = (reason: 'compromised' | 'retired'): Act =>
      actBy(A, 'officer.retire', { fingerprint: fingerprintOf(`second@${A}`), reason })
    expect(isComplete(strict, retire('compromised'), `admin@${A}`)).toBe(true)
    expect(isComplete(strict, retire('retired'), `admin@${A}`)).toBe(false)
  })
})

test("a party's policy says which duties must have signed", () => {
  const rules = [{ duties: ['counsel', 'reviewer'], type: 'notice.support' }] as const
  const roster = governed(
    three,
    addOfficer(A, `lawyer@${A}`, ['counsel']),
    addOfficer(A, `reviewer@${A}`, ['reviewer']),
    { act: actBy(A, 'party.policy', { rules, two_officers: false }) },
  )
  expect(isComplete(roster, file, `reviewer@${A}`)).toBe(false)
  expect(isComplete(roster, file, `lawyer@${A}`)).toBe(false)
  expect(isComplete(roster, file, `lawyer@${A}`, `reviewer@${A}`)).toBe(true)
  expect(isComplete(roster, file, `admin@${A}`)).toBe(true)
})

test('a template needs members and a partner', () => {
  const partner = actBy(A, 'party.admit', {
    domain: 'help.example',
    kind: 'partner',
    officers: [
      {
        certificate: certificateOf('admin@help.example'),
        challenge: '',
        duties: ['admin', 'reviewer'],
      },
    ],
  })
  const roster = governed(three, { act: partner, certificates: ['admin@help.example'] })
  const adopt = actBy(A, 'template.adopt', { manifest: {} })
  const members = [`admin@${A}`, `admin@${B}`, `admin@${C}`]
  expect(missingFor(roster, adopt, signedBy(...members))).toEqual([
    { role: 'partner', needed: 1, have: 0 },
  ])
  expect(isComplete(roster, adopt, ...members, 'admin@help.example')).toBe(true)
})
