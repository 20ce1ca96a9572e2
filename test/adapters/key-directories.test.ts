import { createServer, type Server } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { PUBLIC_REACH, type Reach } from '#adapters/keys/careful-fetch.ts'
import { hkpDirectory } from '#adapters/keys/hkp.ts'
import { isPublicAddress } from '#adapters/keys/public-address.ts'
import { vksDirectory } from '#adapters/keys/vks.ts'
import { wkdDirectory } from '#adapters/keys/wkd.ts'
import { concat } from '#core/bytes.ts'
import { writeArmor } from '#core/packets.ts'
import { wkdHash } from '#core/wkd.ts'
import { addressOf, reader } from '#test/helpers/mail.ts'
import { tlsAuthority } from '#test/helpers/tls-authority.ts'

const ALICE = addressOf('Alice+x@customer.example')
const NAMES = 'DNS:customer.example,DNS:openpgpkey.customer.example,DNS:keys.example'
const tls = tlsAuthority(NAMES)

let server: Server
let requests: string[] = []
let answer: (request: IncomingMessage, response: ServerResponse) => void
let certificate: Uint8Array
beforeEach(async () => {
  certificate = (await reader('alice+x@customer.example')).certificate
  requests = []
  answer = (_, response) => response.end(Buffer.from(certificate))
  server = createServer({ key: tls.key, cert: tls.certificate }, (request, response) => {
    requests.push(`${request.headers.host?.split(':')[0] ?? ''}${request.url ?? ''}`)
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

function reach(more: Partial<Reach> & { readonly names?: readonly string[] } = {}): Reach {
  const { names, ...rest } = more
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.address() as AddressInfo
  return {
    resolve: async (host) => {
      await Promise.resolve()
      if (names !== undefined && !names.includes(host))
        throw Object.assign(new Error(host), { code: 'ENOTFOUND' })
      return [{ address: '127.0.0.1', family: 4 }]
    },
    isAllowed: () => true,
    port,
    authorities: tls.authority,
    milliseconds: 3_000,
    ...rest,
  }
}

const HASH = wkdHash('Alice+x')

test('a Web Key Directory is asked under its own name first, with the local part as it was written', async () => {
  expect(await wkdDirectory(reach()).find(ALICE)).toEqual({
    kind: 'certificates',
    certificates: [certificate],
  })
  expect(requests).toEqual([
    `openpgpkey.customer.example/.well-known/openpgpkey/customer.example/hu/${HASH}?l=Alice%2Bx`,
  ])
})

test('and under the name of the domain where the other does not exist, and only then', async () => {
  expect(await wkdDirectory(reach({ names: ['customer.example'] })).find(ALICE)).toMatchObject({
    kind: 'certificates',
  })
  expect(requests).toEqual([`customer.example/.well-known/openpgpkey/hu/${HASH}?l=Alice%2Bx`])
  requests = []
  answer = (_, response) => response.writeHead(404).end()
  expect(await wkdDirectory(reach()).find(ALICE)).toEqual({ kind: 'none' })
  answer = (_, response) => response.writeHead(500).end()
  expect(await wkdDirectory(reach()).find(ALICE)).toEqual({ kind: 'failed', reason: 'status' })
  expect(requests).toHaveLength(2)
  expect(await wkdDirectory(reach({ names: [] })).find(ALICE)).toEqual({ kind: 'none' })
})

test('key servers are asked for the address, and their armored block is read strictly', async () => {
  answer = (_, response) => response.end(writeArmor('PGP PUBLIC KEY BLOCK', certificate))
  expect(await vksDirectory('keys.example', reach()).find(ALICE)).toEqual({
    kind: 'certificates',
    certificates: [certificate],
  })
  expect(await hkpDirectory('keys.example', reach()).find(ALICE)).toMatchObject({
    kind: 'certificates',
  })
  expect(requests).toEqual([
    'keys.example/vks/v1/by-email/Alice%2Bx%40customer.example',
    'keys.example/pks/lookup?op=get&options=mr&exact=on&search=Alice%2Bx%40customer.example',
  ])
  answer = (_, response) => response.end(`<html>${writeArmor('PGP PUBLIC KEY BLOCK', certificate)}`)
  expect(await vksDirectory('keys.example', reach()).find(ALICE)).toEqual({
    kind: 'failed',
    reason: 'malformed',
  })
  answer = (_, response) => response.writeHead(404).end()
  expect(await vksDirectory('keys.example', reach()).find(ALICE)).toEqual({ kind: 'none' })
})

test('several certificates come out one by one', async () => {
  const other = (await reader('other@customer.example')).certificate
  answer = (_, response) => response.end(Buffer.from(concat(certificate, other)))
  expect(await wkdDirectory(reach()).find(ALICE)).toEqual({
    kind: 'certificates',
    certificates: [certificate, other],
  })
})

const HOSTILE: readonly {
  readonly name: string
  readonly answer: typeof answer
  readonly reason: string
}[] = [
  {
    name: 'a redirect',
    answer: (_, r) => r.writeHead(302, { location: 'https://keys.example/x' }).end(),
    reason: 'status',
  },
  {
    name: 'an endless answer',
    answer: (_, r) => {
      const more = (): void => {
        if (!r.destroyed) r.write(Buffer.alloc(16_384), () => setImmediate(more))
      }
      more()
    },
    reason: 'too-large',
  },
  { name: 'silence', answer: () => undefined, reason: 'timeout' },
  {
    name: 'an answer that never ends',
    answer: (_, r) => {
      r.write('x')
    },
    reason: 'timeout',
  },
  { name: 'a page', answer: (_, r) => r.end('<html>hello</html>'), reason: 'malformed' },
  { name: 'nothing', answer: (_, r) => r.end(), reason: 'malformed' },
  { name: 'a secret key', answer: (_, r) => r.end(Buffer.from([0xc5, 1, 4])), reason: 'malformed' },
  {
    name: 'a thousand user IDs',
    answer: (_, r) =>
      r.end(
        Buffer.concat([
          Buffer.from(certificate),
          ...Array.from({ length: 1000 }, () => Buffer.from([0xcd, 1, 65])),
        ]),
      ),
    reason: 'malformed',
  },
]

test.each(HOSTILE)('$name is no answer', async ({ answer: hostile, reason }) => {
  answer = hostile
  const found = await wkdDirectory(reach({ milliseconds: 1_000 })).find(ALICE)
  expect(found).toEqual({ kind: 'failed', reason })
})

test('a name that leads into a private network is not connected to, whatever else it leads to', async () => {
  const { isAllowed } = PUBLIC_REACH
  expect(await wkdDirectory(reach({ isAllowed })).find(ALICE)).toEqual({
    kind: 'failed',
    reason: 'address-refused',
  })
  const mixed = reach({
    isAllowed,
    resolve: async () =>
      await Promise.resolve([
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]),
  })
  expect(await wkdDirectory(mixed).find(ALICE)).toEqual({
    kind: 'failed',
    reason: 'address-refused',
  })
  expect(requests).toEqual([])
})

test('a certificate for another name is not believed', async () => {
  const { authority: authorities } = tlsAuthority()
  expect(await wkdDirectory(reach({ authorities })).find(ALICE)).toEqual({
    kind: 'failed',
    reason: 'unreachable',
  })
})

test('the public network is what is left without all special ones', () => {
  for (const address of [
    '93.184.216.34',
    '8.8.8.8',
    '100.63.255.255',
    '172.32.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::1',
  ])
    expect(isPublicAddress(address), address).toBe(true)
  for (const address of [
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    'fe80::1',
    'fc00::1',
    'fd12::1',
    'ff02::1',
    '64:ff9b::a00:1',
    '2001:db8::1',
    '2002:a00:1::',
    '2001::1',
    'localhost',
    '',
    '1',
    '0x7f000001',
  ])
    expect(isPublicAddress(address), address).toBe(false)
})
