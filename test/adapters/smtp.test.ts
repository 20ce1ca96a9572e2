import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { openSmtp, type SmtpOptions } from '#adapters/mail/smtp.ts'
import { utf8 } from '#core/bytes.ts'
import type { Mailer, MailOutcome } from '#ports/mailer.ts'
import { LOGIN, type MailServer, mailServer } from '#test/helpers/mail-server.ts'
import { tlsAuthority } from '#test/helpers/tls-authority.ts'

const MAIL = {
  isWanted: async () => await Promise.resolve(true),
  returnPath: 'bounces+token@contoso.example',
  to: 'alice@customer.example',
  message: utf8('From: a@contoso.example\r\n\r\n.leading dot\r\nbody\r\n'),
}

const cleanUps: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp()
})

async function started(options: Parameters<typeof mailServer>[0] = {}): Promise<MailServer> {
  const server = await mailServer(options)
  cleanUps.push(async () => await server.close())
  return server
}

function mailerTo(
  server: Pick<MailServer, 'port' | 'tls'>,
  more: Partial<SmtpOptions> = {},
): Mailer {
  const mailer = openSmtp({
    host: '127.0.0.1',
    port: server.port,
    tls: 'starttls',
    authorities: server.tls.authority,
    name: 'contoso.example',
    login: LOGIN,
    ...more,
  })
  cleanUps.push(async () => await mailer.close())
  return mailer
}

test.each(['implicit', 'starttls'] as const)(
  'a mail arrives byte for byte over %s',
  async (tls) => {
    const server = await started({ tls })
    const mailer = mailerTo(server, { tls })
    expect(await mailer.send(MAIL)).toEqual({ kind: 'accepted' })
    expect(server.taken).toEqual([
      { from: MAIL.returnPath, to: [MAIL.to], raw: new TextDecoder().decode(MAIL.message) },
    ])
  },
)

test('one connection brings many mails, and a bad recipient between them harms none', async () => {
  const server = await started({
    conduct: { recipient: (to) => (to.startsWith('bad') ? '550 5.1.1 no such user' : undefined) },
  })
  const mailer = mailerTo(server, { connectionsMax: 1 })
  const outcomes: MailOutcome[] = []
  for (const to of ['a@b.example', 'bad@b.example', 'c@b.example', 'd@b.example'])
    outcomes.push(await mailer.send({ ...MAIL, to }))
  expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'refused', 'accepted', 'accepted'])
  expect(server.connections).toBe(1)
})

test('a mail that is not wanted any more when its turn comes is not begun, and the connection brings the next', async () => {
  const server = await started({})
  const mailer = mailerTo(server, { connectionsMax: 1 })
  const asked: string[] = []
  const isWanted = async (): Promise<boolean> => {
    asked.push(`after ${String(server.taken.length)}`)
    return await Promise.resolve(server.taken.length === 0)
  }
  const outcomes = await Promise.all([
    mailer.send(MAIL),
    mailer.send({ ...MAIL, isWanted }),
    mailer.send(MAIL),
  ])
  expect(outcomes.map(({ kind }) => kind)).toEqual(['accepted', 'withdrawn', 'accepted'])
  expect(asked).toEqual(['after 1'])
  expect(server.connections).toBe(1)
})

const TROUBLES: readonly {
  readonly name: string
  readonly server?: Parameters<typeof mailServer>[0]
  readonly mailer?: Partial<SmtpOptions>
  readonly outcome: MailOutcome
}[] = [
  {
    name: 'a certificate of an unknown authority',
    server: { authority: { ...tlsAuthority(), authority: tlsAuthority().authority } },
    outcome: { kind: 'trouble', trouble: 'certificate-wrong' },
  },
  {
    name: 'the same, from the first byte on',
    server: {
      tls: 'implicit',
      authority: { ...tlsAuthority(), authority: tlsAuthority().authority },
    },
    mailer: { tls: 'implicit' },
    outcome: { kind: 'trouble', trouble: 'certificate-wrong' },
  },
  {
    name: 'a certificate for another name',
    server: { authority: tlsAuthority('DNS:mail.other.example') },
    outcome: { kind: 'trouble', trouble: 'certificate-wrong' },
  },
  {
    name: 'no STARTTLS',
    server: { tls: 'none' },
    outcome: { kind: 'trouble', trouble: 'tls-missing' },
  },
  {
    name: 'a wrong password',
    mailer: { login: { user: 'relay', password: () => 'wrong' } },
    outcome: { kind: 'trouble', trouble: 'credentials-refused' },
  },
  {
    name: 'a sender that is not ours',
    server: { conduct: { sender: () => '553 5.7.1 not yours' } },
    outcome: { kind: 'trouble', trouble: 'sender-refused' },
  },
  {
    name: 'greylisting',
    server: { conduct: { recipient: () => '450 4.7.1 come back' } },
    outcome: { kind: 'deferred', reason: 'recipient' },
  },
  {
    name: 'a recipient who is not there',
    server: { conduct: { recipient: () => '550 5.1.1 no such user' } },
    outcome: { kind: 'refused', reason: 'recipient', isAddressBad: true },
  },
  {
    name: 'a recipient who is refused for another reason',
    server: { conduct: { recipient: () => '550 5.7.1 blocked' } },
    outcome: { kind: 'refused', reason: 'recipient', isAddressBad: false },
  },
  {
    name: 'data that are taken later',
    server: { conduct: { data: () => '451 4.3.0 later' } },
    outcome: { kind: 'deferred', reason: 'message' },
  },
  {
    name: 'data that are never taken',
    server: { conduct: { data: () => '554 5.6.0 no' } },
    outcome: { kind: 'refused', reason: 'message', isAddressBad: false },
  },
  {
    name: 'a connection that ends in the data',
    server: { conduct: { data: () => 'cut-before' } },
    outcome: { kind: 'deferred', reason: 'connection-lost' },
  },
  {
    name: 'a connection that ends before the answer',
    server: { conduct: { data: () => 'cut-after' } },
    outcome: { kind: 'deferred', reason: 'connection-lost' },
  },
]

for (const { mailer, name, outcome, server } of TROUBLES) {
  test(`${name} is ${JSON.stringify(outcome)}, and nothing is taken`, async () => {
    const running = await started(server)
    expect(await mailerTo(running, mailer).send(MAIL)).toEqual(outcome)
    expect(running.taken).toEqual([])
  })
}

test('a server that is down is unreachable, and taken again once it is up', async () => {
  const server = await mailServer()
  const { port } = server
  await server.close()
  const mailer = mailerTo(server)
  expect(await mailer.send(MAIL)).toEqual({ kind: 'trouble', trouble: 'unreachable' })
  const again = await started({ port })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'accepted' })
  expect(again.taken).toHaveLength(1)
})

test('a server that says nothing is waited for in bounded time', async () => {
  const silent = createServer(() => undefined)
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = silent.address() as AddressInfo
  cleanUps.push(async () => await new Promise((resolve) => silent.close(() => resolve())))
  const server = await started()
  const mailer = mailerTo({ port, tls: server.tls }, { secondsMax: { connect: 0.2 } })
  expect(await mailer.send(MAIL)).toEqual({ kind: 'trouble', trouble: 'timeout' })
  await mailer.close()
})

test('an environment that turns verification off turns nothing off', async () => {
  const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED']
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
  try {
    const server = await started()
    const mailer = mailerTo(server, { authorities: tlsAuthority().authority })
    expect(await mailer.send(MAIL)).toEqual({ kind: 'trouble', trouble: 'certificate-wrong' })
  } finally {
    if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before
  }
})

test('addresses that carry commands reach no server', async () => {
  const server = await started()
  const outcome = await mailerTo(server).send({
    ...MAIL,
    to: 'a@b.example>\r\nRCPT TO:<eve@evil.example',
  })
  expect(outcome.kind).not.toBe('accepted')
  expect(server.taken).toEqual([])
})

test('connections that were used and went away are not used again', async () => {
  const server = await mailServer()
  const mailer = mailerTo(server)
  expect(await mailer.send(MAIL)).toEqual({ kind: 'accepted' })
  await server.close()
  const again = await started({ port: server.port })
  const outcomes = [await mailer.send(MAIL), await mailer.send(MAIL)]
  expect(outcomes.at(-1)).toEqual({ kind: 'accepted' })
  expect(again.taken.length).toBeGreaterThan(0)
})
