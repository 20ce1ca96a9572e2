import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createMessage, readPrivateKey, sign } from 'openpgp'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { wkdHash } from '#core/wkd.ts'
import { keyChange } from '#service/find-certificate.ts'
import { jsonOf, type Ran, scratch } from '#test/helpers/command-line.ts'
import { addressOf, type Reader, reader } from '#test/helpers/mail.ts'
import { NO_SMALL_NETWORK, type SmallNetwork, smallNetwork } from '#test/helpers/small-network.ts'

const ALICE = 'alice@customer.example'
const ASKED = `openpgpkey.customer.example/.well-known/openpgpkey/customer.example/hu/${wkdHash('alice')}?l=alice`
const SETTINGS = {
  from: { name: 'Contoso Security', address: 'notices@contoso.example' },
  bounces: 'bounces@contoso.example',
  smtp: { host: 'smtp.contoso.example', port: 465, tls: 'implicit' },
}

const folder = scratch()
let network: SmallNetwork
let [first, second]: readonly Reader[] = []
let home = ''
let count = 0

beforeAll(async () => {
  first = await reader(ALICE)
  second = await reader(ALICE)
  if (NO_SMALL_NETWORK !== undefined) return
  network = await smallNetwork({
    directory: ['openpgpkey.customer.example', 'customer.example'],
    inside: ['openpgpkey.inside.example', 'inside.example'],
  })
})
afterAll(async () => {
  if (NO_SMALL_NETWORK === undefined) await network.close()
  folder.clear()
})
beforeEach(() => {
  home = join(folder.path, String(count++))
  mkdirSync(home, { mode: 0o700 })
  writeFileSync(join(home, 'relay.json'), JSON.stringify(SETTINGS))
})
afterEach(() => {
  if (NO_SMALL_NETWORK === undefined) network.asked()
})

function relay(...argv: readonly string[]): Ran {
  return network.run(['relay', ...argv, '--relay', home])
}

function keyOf(address = ALICE): Record<string, unknown> {
  return jsonOf(relay('key', address, '--json'))
}

function fingerprintOf(one: Reader | undefined): string {
  return one?.key.fingerprint ?? ''
}

async function changeSignedBy(by: Reader | undefined): Promise<string> {
  const [from, to] = [fingerprintOf(first), fingerprintOf(second)]
  const path = join(home, 'change.asc')
  const signature = await sign({
    message: await createMessage({ binary: keyChange(addressOf(ALICE), { from, to }) }),
    signingKeys: await readPrivateKey({ armoredKey: by?.privateArmored ?? '' }),
    detached: true,
  })
  writeFileSync(path, signature)
  return path
}

if (NO_SMALL_NETWORK !== undefined)
  process.stdout.write(`tests in a network of their own are skipped: ${NO_SMALL_NETWORK}\n`)

test.skipIf(NO_SMALL_NETWORK !== undefined)(
  'relay key finds a key in the Web Key Directory of the address, and asks once a day',
  () => {
    network.publish(first?.certificate)
    const found = relay('key', ALICE)
    expect(found.err).toBe('')
    expect(found.out).toContain(
      `Mail is encrypted to ${fingerprintOf(first)} (the first key that was found).`,
    )
    expect(network.asked()).toEqual([ASKED])
    network.publish(second?.certificate)
    expect(keyOf()).toMatchObject({ use: { fingerprint: fingerprintOf(first) }, warning: null })
    expect(network.asked()).toEqual([])
  },
)

test.skipIf(NO_SMALL_NETWORK !== undefined)(
  'relay confirm takes the key that the directory has, when its full fingerprint is told',
  () => {
    network.publish(first?.certificate)
    keyOf()
    network.publish(second?.certificate)
    const wrong = relay('confirm', ALICE, fingerprintOf(first).replace(/./, '_'))
    expect(wrong.code).not.toBe(0)
    expect(wrong.err).toContain('key-missing')
    expect(keyOf()).toMatchObject({ use: { fingerprint: fingerprintOf(first) } })
    const spaced = fingerprintOf(second).toUpperCase().replace(/.{4}/g, '$& ')
    expect(relay('confirm', ALICE, spaced).code).toBe(0)
    expect(keyOf()).toMatchObject({
      use: { fingerprint: fingerprintOf(second), basis: 'second-channel' },
    })
  },
)

test.skipIf(NO_SMALL_NETWORK !== undefined)(
  'relay confirm --by-old-key takes the word of the old key, and of no other',
  async () => {
    network.publish(first?.certificate)
    keyOf()
    network.publish(second?.certificate)
    const wanted = ['confirm', ALICE, fingerprintOf(second), '--by-old-key'] as const
    expect(relay(...wanted, await changeSignedBy(second)).code).not.toBe(0)
    expect(keyOf()).toMatchObject({ use: { fingerprint: fingerprintOf(first) } })
    expect(relay(...wanted, await changeSignedBy(first)).code).toBe(0)
    expect(keyOf()).toMatchObject({
      use: { fingerprint: fingerprintOf(second), basis: 'old-key' },
    })
  },
)

test.skipIf(NO_SMALL_NETWORK !== undefined)(
  'relay key says why there is no key to use: none, one for somebody else, a name inside the network, a server that is not trusted',
  () => {
    network.publish()
    expect(relay('key', ALICE).out).toContain('There is no key to encrypt to')
    network.publish(first?.certificate)
    expect(keyOf('bob@customer.example')).toMatchObject({
      use: null,
      refused: [{ kind: 'wkd', reason: 'certificate-user-id-wrong' }],
    })
    network.asked()
    expect(keyOf('alice@inside.example')).toMatchObject({
      use: null,
      silences: [{ kind: 'wkd', reason: 'address-refused' }],
    })
    const untrusted = ['relay', 'key', ALICE, '--relay', home, '--json']
    expect(jsonOf(network.run(untrusted, { isTrusted: false }))).toMatchObject({
      use: null,
      silences: [{ kind: 'wkd', reason: 'unreachable' }],
    })
    expect(network.asked()).toEqual([])
    expect(relay('key', 'nobody').code).not.toBe(0)
  },
)
