import { afterAll, beforeAll, expect, test } from 'vitest'
import { hex } from '#core/bytes.ts'
import { readArmor } from '#core/packets.ts'
import { parseInstant } from '#core/time.ts'
import { wkdHash } from '#core/wkd.ts'
import { createApp } from '#http/app.ts'
import {
  type Answered,
  type Coalition,
  foundCoalition,
  ORIGIN,
  threeOf,
} from '#test/helpers/coalition.ts'
import { idOf } from '#test/helpers/notices.ts'
import { DirectorySchema, KeyIndexSchema } from '#wire/answers.ts'
import { secondOfficer } from './refusal-signature.cases.ts'

let coalition: Coalition
beforeAll(async () => {
  coalition = await foundCoalition()
})
afterAll(async () => {
  await coalition.close()
})

function certificateIn({ text }: Answered): string {
  const bytes = readArmor(text, 'PGP PUBLIC KEY BLOCK')
  if (!bytes.ok) throw new Error(text)
  return hex(bytes.value)
}

test('lists every officer and where the certificate is, retired ones too', async () => {
  const { contoso } = threeOf(coalition)
  const second = await secondOfficer(coalition)
  const { fingerprint } = second.key
  idOf(await coalition.submit('officer.retire', { fingerprint, reason: 'retired' }, contoso))
  const index = KeyIndexSchema.parse((await coalition.ask('/keys/index.json')).body)
  const listed = index.parties.find(({ domain }) => domain === contoso.domain)?.officers ?? []
  expect(listed.map((officer) => [officer.fingerprint, officer.status])).toEqual([
    [contoso.key.fingerprint, 'active'],
    [fingerprint, 'retired'],
  ])
  const served = await Promise.all(listed.map(async ({ url }) => await coalition.ask(url)))
  expect(served.map(certificateIn)).toEqual(
    [contoso, second].map(({ certificateBytes }) => hex(certificateBytes)),
  )
  expect((await coalition.ask(`/keys/fabrikam.example/${fingerprint}.asc`)).status).toBe(404)
})

test('serves the certificate of the service armored, and both ways as a Web Key Directory', async () => {
  const certificate = hex(coalition.ports.crypto.serviceCertificate)
  const hash = wkdHash('service')
  const advanced = await coalition.ask(`/.well-known/openpgpkey/${ORIGIN}/hu/${hash}?l=service`)
  const direct = await coalition.ask(`/.well-known/openpgpkey/hu/${hash}?l=service`)
  expect(certificateIn(await coalition.ask('/keys/service.asc'))).toBe(certificate)
  expect([hex(advanced.bytes), hex(direct.bytes)]).toEqual([certificate, certificate])
  expect(direct.headers.get('Content-Type')).toBe('application/octet-stream')
  expect(direct.headers.get('Access-Control-Allow-Origin')).toBe('*')
  for (const path of [`${ORIGIN}/policy`, 'policy']) {
    expect((await coalition.ask(`/.well-known/openpgpkey/${path}`)).status).toBe(200)
  }
  for (const path of [
    `other.example/hu/${hash}`,
    `hu/${wkdHash('else')}`,
    'other.example/policy',
  ]) {
    expect((await coalition.ask(`/.well-known/openpgpkey/${path}`)).status).toBe(404)
  }
})

test('says where to report a weakness, until a day that is not over', async () => {
  const { text } = await coalition.ask('/.well-known/security.txt')
  expect(text).toContain(`Contact: mailto:security@${ORIGIN}\n`)
  const expires = parseInstant(/^Expires: (.*)$/m.exec(text)?.[1] ?? '') ?? 0
  expect(expires).toBeGreaterThan(coalition.clock.now())
  const ports = {
    ...coalition.ports,
    publicUrl: `https://${ORIGIN}`,
    securityContact: 'https://contoso.example/report',
  }
  const configured = await (await createApp(ports).request('/.well-known/security.txt')).text()
  expect(configured).toContain(`Canonical: https://${ORIGIN}/.well-known/security.txt\n`)
  expect(configured).toContain('Contact: https://contoso.example/report\n')
})

test('gives the governance chain, whole or from a link on', async () => {
  const whole = DirectorySchema.parse((await coalition.ask('/api/directory')).body)
  const rest = DirectorySchema.parse((await coalition.ask('/api/directory?after=1')).body)
  expect(whole).toMatchObject({ genesis: coalition.ports.genesis, origin: ORIGIN })
  expect(whole.chain.slice(1)).toEqual(rest.chain)
  expect(rest.chain.length).toBeGreaterThan(0)
  expect(rest.head).toBe(whole.head)
  expect((await coalition.ask('/api/directory?after=999')).body['chain']).toEqual([])
})

test('has an empty chain and its own certificate before the charter', async () => {
  const empty = await foundCoalition({ founded: false })
  expect((await empty.ask('/api/directory')).body).toMatchObject({
    chain: [],
    head: '0'.repeat(64),
  })
  expect((await empty.ask('/keys/index.json')).body).toMatchObject({ log_key: null, parties: [] })
  expect(certificateIn(await empty.ask('/keys/service.asc'))).toBe(
    hex(empty.ports.crypto.serviceCertificate),
  )
  expect((await empty.ask('/readyz')).body).toEqual({ leaves: 0, signed: 0, status: 'ready' })
  await empty.close()
})
