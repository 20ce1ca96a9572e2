import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as openpgp from 'openpgp'
import { expiringOfficers } from '#client/expiry.ts'
import { base64 } from '#core/bytes.ts'
import type { Directory, Officer } from '#core/directory.ts'
import { persistentMap } from '#core/persistent-map.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'

let coalition: Coalition
let roster: Directory
let fingerprint = ''
let expires = 0

beforeAll(async () => {
  coalition = await foundCoalition()
  const { contoso } = threeOf(coalition)
  const date = new Date(coalition.clock.now() * 1000)
  const made = await openpgp.generateKey({
    userIDs: [{ name: 'second officer' }],
    date,
    keyExpirationTime: 60 * DAY_SECONDS,
    format: 'object',
  })
  fingerprint = made.publicKey.getFingerprint()
  expires = coalition.clock.now() + 60 * DAY_SECONDS
  const before = persistentMap(
    officersOf(await coalition.ports.directory.current(), contoso.domain),
  )
  const [known] = before.values()
  if (known === undefined) throw new Error('contoso has an officer')
  const officers = before.with(fingerprint, {
    ...known,
    fingerprint,
    certificate: base64(made.publicKey.write()),
  })
  const directory = await coalition.ports.directory.current()
  const party = directory.parties.get(contoso.domain)
  if (party === undefined) throw new Error('contoso is a party')
  roster = { ...directory, parties: persistentMap([[contoso.domain, { ...party, officers }]]) }
})

afterAll(async () => await coalition.close())

function officersOf(directory: Directory, domain: string): ReadonlyMap<string, Officer> {
  return directory.parties.get(domain)?.officers ?? new Map()
}

describe('an owner is warned before a certificate ends', () => {
  const cases: readonly [number, 0 | 3 | 14 | 30 | undefined][] = [
    [30 * DAY_SECONDS + 1, undefined],
    [30 * DAY_SECONDS, 30],
    [14 * DAY_SECONDS + 1, 30],
    [14 * DAY_SECONDS, 14],
    [3 * DAY_SECONDS + 1, 14],
    [3 * DAY_SECONDS, 3],
    [1, 3],
    [0, 0],
    [-DAY_SECONDS, 0],
  ]
  test.each(cases)('%i seconds before the end: %s', async (left, warning) => {
    const found = await expiringOfficers(roster, 'contoso.example', expires - left)
    expect(found).toEqual(warning === undefined ? [] : [{ fingerprint, expires, warning }])
  })
})
