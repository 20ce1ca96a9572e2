import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { auditLog } from '#client/audit.ts'
import { fetchDirectory, pinnedDirectory } from '#client/directory.ts'
import type { Api } from '#client/http.ts'
import { fetchCheckpoint } from '#client/log.ts'
import { type Finding, monitorParty } from '#client/monitor.ts'
import { pinChain, pinCoalition, pinnedTree } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import { base64, fromBase64 } from '#core/bytes.ts'
import { headOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { composeAddendum, splitAddendum } from '#core/log/leaf.ts'
import { readSignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import type { GovernanceLink } from '#core/receipt.ts'
import { readActRecord, recordBytes } from '#core/record.ts'
import { accept, refuse } from '#core/result.ts'
import { type Coalition, type Company, foundCoalition, ORIGIN } from '#test/helpers/coalition.ts'
import { companyKey } from '#test/helpers/coalition-keys.ts'
import { connect, memoryPins, pinsOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

let coalition: Coalition
let contoso: Company
let api: Api
/** An officer of Contoso who is retired, and the acts that Contoso filed. */
let leaver: Company
let added: string
let retired: string

beforeAll(async () => {
  coalition = await foundCoalition()
  const [first] = coalition.companies
  if (first === undefined) throw new Error('there is no company')
  contoso = first
  api = connect(coalition)
  leaver = await companyKey('contoso.example', 'leaver')
  const challenge = await coalition.challenge(leaver.key, leaver.certificateBytes, 'officer')
  const body = {
    certificate: leaver.certificate,
    challenge,
    duties: ['admin', 'reporter'],
  } as const
  added = String((await coalition.submit('officer.add', body, contoso)).body['id'])
  for (let i = 0; i < 3; i++)
    await coalition.submit('mailbox.invite', { tokens: [sha256Hex(systemRandom(32))] }, contoso)
  const retirement = { fingerprint: leaver.key.fingerprint, reason: 'compromised' } as const
  retired = String((await coalition.submit('officer.retire', retirement, contoso)).body['id'])
})
afterAll(async () => {
  await coalition.close()
})

/** A server that serves the first so many links of the chain, and the head that goes with them. */
function servingLinks(chain: readonly GovernanceLink[]): Api {
  const head = hashOf(chain.at(-1))
  return {
    ...api,
    readDirectory: async (after = 0) => {
      const served = accepted(await api.readDirectory())
      return accept({
        ...served,
        chain: chain.slice(after).map((link) => ({ ...link, signatures: [...link.signatures] })),
        head,
      })
    },
  }
}

function hashOf(link: GovernanceLink | undefined): string {
  return sha256Hex(fromBase64(link?.addendum ?? '') ?? new Uint8Array())
}

async function links(): Promise<readonly GovernanceLink[]> {
  return accepted(await api.readDirectory()).chain
}

describe('the governance chain', () => {
  test('is verified from the genesis id and remembered', async () => {
    const pins = await pinsOf(coalition)
    const replay = accepted(await fetchDirectory(api, pins))
    expect(
      replay.directory.parties.get('contoso.example')?.officers.get(leaver.key.fingerprint)?.status,
    ).toBe('compromised')
    expect(headOf(accepted(await pinnedDirectory(pins)).directory)).toBe(headOf(replay.directory))
    accepted(await fetchDirectory(api, pins))
  })

  test('is not believed before a genesis id is pinned, nor of another coalition', async () => {
    expect(reasonOf(await fetchDirectory(api, memoryPins()))).toBe('genesis-wrong')
    const pins = memoryPins()
    accepted(await pinCoalition(pins, { origin: ORIGIN, genesis: '00'.repeat(32) }))
    expect(reasonOf(await fetchDirectory(api, pins))).toBe('genesis-wrong')
    expect(reasonOf(await pinCoalition(pins, { origin: ORIGIN, genesis: '11'.repeat(32) }))).toBe(
      'genesis-wrong',
    )
  })

  test('is refused where it took back what was seen before', async () => {
    const pins = await pinsOf(coalition)
    accepted(await fetchDirectory(api, pins))
    const shorter = servingLinks((await links()).slice(0, -1))
    expect(reasonOf(await fetchDirectory(shorter, pins))).toBe('directory-broken')
  })

  test('is refused where it took another turn, whether it grew since or not', async () => {
    const all = await links()
    const pins = await pinsOf(coalition)
    accepted(await fetchDirectory(api, pins))
    const turn = await forgedLink(all.at(-2), 'turn')
    const turned = [...all.slice(0, -1), turn.link]
    const other = accepted(await fetchDirectory(servingLinks(turned), await pinsOf(coalition)))
    expect(reasonOf(await pinChain(pins, other))).toBe('directory-broken')
    expect(reasonOf(await fetchDirectory(servingLinks(turned), pins))).toBe('directory-broken')
    const grown = [...turned, (await forgedLink(turn.link, 'growth')).link]
    expect(reasonOf(await fetchDirectory(servingLinks(grown), pins))).toBe('directory-broken')
  })

  test('is refused with a link left out in the middle', async () => {
    const all = await links()
    const api2 = servingLinks([...all.slice(0, 1), ...all.slice(2)])
    expect(reasonOf(await fetchDirectory(api2, await pinsOf(coalition)))).toBe('directory-broken')
  })

  test('is refused with another head than it ends at', async () => {
    const lying: Api = {
      ...api,
      readDirectory: async (after) =>
        accept({ ...accepted(await api.readDirectory(after)), head: '00'.repeat(32) }),
    }
    expect(reasonOf(await fetchDirectory(lying, await pinsOf(coalition)))).toBe('directory-broken')
  })
})

describe('the log', () => {
  test('is remembered and must grow', async () => {
    const pins = await pinsOf(coalition)
    const { directory } = accepted(await fetchDirectory(api, pins))
    const before = accepted(await fetchCheckpoint(api, pins, directory))
    const old = accepted(await api.readCheckpoint())
    await coalition.submit('mailbox.invite', { tokens: [sha256Hex(systemRandom(32))] }, contoso)
    const after = accepted(await fetchCheckpoint(api, pins, directory))
    expect(after.size).toBeGreaterThan(before.size)
    expect((await pinnedTree(pins))?.size).toBe(after.size)
    const rolledBack = { ...api, readCheckpoint: async () => await Promise.resolve(accept(old)) }
    expect(reasonOf(await fetchCheckpoint(rolledBack, pins, directory))).toBe('checkpoint-older')
    expect((await pinnedTree(pins))?.size).toBe(after.size)
  })

  test.each([
    { name: 'of the same size', grown: 0 },
    { name: 'that grew since', grown: 1 },
  ])('that was forked is refused: another tree $name', async ({ grown }) => {
    const pins = await pinsOf(coalition)
    const { directory } = accepted(await fetchDirectory(api, pins))
    const seen = accepted(await fetchCheckpoint(api, pins, directory))
    const forked = JSON.stringify({ size: seen.size - grown, root: sha256Hex(systemRandom(32)) })
    pins.entries.set('tree', forked)
    expect(reasonOf(await fetchCheckpoint(api, pins, directory))).toBe('checkpoint-inconsistent')
    expect(pins.entries.get('tree')).toBe(forked)
  })

  test('whose tiles are withheld is refused, since it does not show how it grew', async () => {
    const pins = await pinsOf(coalition)
    const { directory } = accepted(await fetchDirectory(api, pins))
    accepted(await fetchCheckpoint(api, pins, directory))
    await coalition.submit('mailbox.invite', { tokens: [sha256Hex(systemRandom(32))] }, contoso)
    const silent = { ...api, readTile: async () => await Promise.resolve(refuse('not-found')) }
    expect(reasonOf(await fetchCheckpoint(silent, pins, directory))).toBe('checkpoint-inconsistent')
  })

  test('signed by another key than the charter names is refused', async () => {
    const other = await foundCoalition()
    const pins = await pinsOf(coalition)
    const { directory } = accepted(await fetchDirectory(api, pins))
    const strange = { ...api, readCheckpoint: async () => await connect(other).readCheckpoint() }
    expect(reasonOf(await fetchCheckpoint(strange, pins, directory))).toBe('note-unsigned')
    await other.close()
  })

  test('a damaged pin stops the client and is not taken for absent', async () => {
    const pins = await pinsOf(coalition)
    const { directory } = accepted(await fetchDirectory(api, pins))
    pins.entries.set('tree', '{')
    await expect(fetchCheckpoint(api, pins, directory)).rejects.toThrow('damaged')
  })
})

/** A server that changes one bit of every tile of a kind. */
function flipping(kind: 'entries' | 'hashes'): Api['readTile'] {
  return async (tile) => {
    const bytes = Uint8Array.from(accepted(await api.readTile(tile)))
    if (tile.kind === kind) bytes[5] = (bytes[5] ?? 0) ^ 1
    return accept(bytes)
  }
}

describe('an audit', () => {
  test('finds a genuine log in order, and says what it looked at', async () => {
    const report = accepted(await auditLog(api, await pinsOf(coalition)))
    expect(report.governance).toBe(3)
    expect(report.heads).toBeGreaterThanOrEqual(3)
    expect(report.privateRecords).toBeGreaterThanOrEqual(3)
    expect(report.publicRecords + report.privateRecords).toBe(report.size)
    expect(report.tiles).toBe(1)
  })

  test.each([
    {
      name: 'an entry that is not under the root',
      lies: { readTile: flipping('entries') },
      reason: 'checkpoint-inconsistent',
    },
    {
      name: 'a tile of hashes that the entries do not give',
      lies: { readTile: flipping('hashes') },
      reason: 'tile-malformed',
    },
    {
      name: 'an addendum that is not that of its entry',
      lies: { readAddendum: async () => await Promise.resolve(accept(new Uint8Array(60))) },
      reason: 'proof-wrong',
    },
  ])('finds $name', async ({ lies, reason }) => {
    expect(reasonOf(await auditLog({ ...api, ...lies }, await pinsOf(coalition)))).toBe(reason)
  })

  test('finds a governance act of the log that the chain leaves out', async () => {
    const withholding = servingLinks((await links()).slice(0, -1))
    expect(reasonOf(await auditLog(withholding, await pinsOf(coalition)))).toBe('directory-broken')
  })
})

function known(): readonly string[] {
  return [added, retired]
}

async function findings(server: Api, acts: readonly string[]): Promise<readonly Finding[]> {
  const party = { domain: 'contoso.example', known: acts, now: coalition.clock.now() }
  return accepted(await monitorParty(server, await pinsOf(coalition), party)).findings
}

describe('the monitor of a party', () => {
  test('finds nothing where everything is as the party knows it', async () => {
    expect(await findings(api, known())).toEqual([])
    const other = accepted(
      await monitorParty(api, await pinsOf(coalition), {
        domain: 'fabrikam.example',
        known: [],
        now: coalition.clock.now(),
      }),
    )
    expect(other.findings).toEqual([])
  })

  test('notices a withheld retirement, also where the log keeps quiet about it', async () => {
    const withholding = servingLinks((await links()).slice(0, -1))
    const loud = await findings(withholding, known())
    expect(loud).toContainEqual({ kind: 'withheld', act: retired })
    expect(loud.map(({ kind }) => kind)).toContain('outside-chain')
    expect(loud.map(({ kind }) => kind)).toContain('head-wrong')
    const quiet: Api = {
      ...withholding,
      readAddendum: async (digest) =>
        digest === hashOf((await links()).at(-1))
          ? refuse('not-found')
          : await api.readAddendum(digest),
    }
    expect(await findings(quiet, known())).toContainEqual({ kind: 'withheld', act: retired })
  })

  test('notices an act in the name of the party that it does not know', async () => {
    expect(await findings(api, [retired])).toEqual([
      { kind: 'unknown', act: added, type: 'officer.add' },
    ])
  })

  test('notices an officer whom the chain has and the log does not', async () => {
    const { link, act } = await forgedLink((await links()).at(-1), 'stranger')
    const found = await findings(servingLinks([...(await links()), link]), known())
    expect(found).toContainEqual({ kind: 'unlogged', record: hashOf(link) })
    expect(found).toContainEqual({ kind: 'unknown', act, type: 'officer.add' })
  })

  test('notices a recovery of the party that waits for its days', async () => {
    const thief = await companyKey('contoso.example', 'thief')
    const challenge = await coalition.challenge(thief.key, thief.certificateBytes, 'officer')
    const body = {
      domain: 'contoso.example',
      kind: 'member',
      officers: [{ certificate: thief.certificate, challenge, duties: ['admin'] }],
    } as const
    const [, fabrikam, litware] = coalition.companies
    if (fabrikam === undefined || litware === undefined) throw new Error('companies are missing')
    const submitted = await coalition.submit('party.admit', body, fabrikam, litware)
    expect(submitted.body['status']).toBe('pending')
    expect(await findings(api, known())).toEqual([
      { kind: 'waiting', act: submitted.body['id'], type: 'party.admit' },
    ])
  })
})

/** What an operator with a stolen admin key would show to some readers alone: a good link that never entered the log. */
async function forgedLink(
  last: GovernanceLink | undefined,
  name: string,
): Promise<{ readonly link: GovernanceLink; readonly act: string }> {
  const stranger = await companyKey('contoso.example', name)
  const payload = await coalition.compose(
    'officer.add',
    { certificate: stranger.certificate, challenge: '00'.repeat(32), duties: ['reporter'] },
    contoso,
  )
  const armored = await coalition.sign(contoso, payload)
  const template = accepted(
    readActRecord(
      accepted(splitAddendum(fromBase64(last?.addendum ?? '') ?? new Uint8Array())).record,
    ),
  )
  const { packet } = accepted(readSignature(accepted(readArmor(armored, 'PGP SIGNATURE'))))
  const act = sha256Hex(payload)
  const signatures = [sha256Hex(packet)]
  const record = recordBytes({ ...template, act, event: 'adopted', prev: hashOf(last), signatures })
  const addendum = composeAddendum({ salt: systemRandom(32), record })
  return {
    act,
    link: { addendum: base64(addendum), payload: base64(payload), signatures: [armored] },
  }
}
