import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mailCipher } from '#adapters/crypto/mail-cipher.ts'
import { openMessageSigner, signMessage } from '#adapters/crypto/sign-message.ts'
import { openOutbox } from '#adapters/mail/outbox.ts'
import { newRelaySecret, relayKeys } from '#adapters/mail/relay-keys.ts'
import { openSmtp } from '#adapters/mail/smtp.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { generateOfficerKey, signingSecret, unlockKey } from '#client/openpgp.ts'
import { base64, hex } from '#core/bytes.ts'
import { composeEntity } from '#core/entity.ts'
import { composeMail } from '#core/mail-message.ts'
import type { Mailer } from '#ports/mailer.ts'
import { deliverDue, newDeliveryMemory } from '#service/deliver-mail.ts'
import { queueMail, type RelayedNotice } from '#service/queue-mail.ts'
import { ACT, addressOf, reader } from '#test/helpers/mail.ts'
import { accepted, DAY, NOW } from '#test/helpers/openpgp-keys.ts'
import { accountText, STATEMENT } from '#test/helpers/statements.ts'
import { tlsAuthority } from '#test/helpers/tls-authority.ts'
import { gpgContender, type GpgContender } from './gpg.ts'
import {
  type Contender,
  cpuMeter,
  type Effort,
  type Group,
  interleave,
  type Line,
  median,
  perSecond,
  rounded,
  speedRatio,
} from './measure.ts'

const RECIPIENTS = 32
const BATCH = 64
const FEW = 100

/** Mails to people with keys: signed, encrypted, kept durably, and handed to a server over TLS. */
export const mail: Group = {
  name: 'mail',
  lines: ['mail-gpg', 'mail-growth'],
  run: async (effort, print) => {
    const folder = mkdtempSync(join(tmpdir(), 'dunant-bench-'))
    const desk = await openDesk(folder)
    try {
      await againstGpg(desk, effort, print)
      await growth(desk, effort, print)
    } finally {
      await desk.close()
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

type Desk = Awaited<ReturnType<typeof openDesk>>

async function openDesk(folder: string) {
  const tls = tlsAuthority()
  const [keyFile, certificateFile] = [join(folder, 'key'), join(folder, 'pem')]
  writeFileSync(keyFile, tls.key)
  writeFileSync(certificateFile, tls.certificate)
  const sink = fork(process.argv[1] ?? '', ['--role', 'sink', keyFile, certificateFile])
  const port = await portOf(sink)
  const made = await generateOfficerKey({
    userId: { name: 'Reporter', email: 'reporter@contoso.example' },
    date: NOW - DAY,
    passphrase: '',
    unprotected: true,
  })
  const reporter = accepted(await unlockKey(made.privateArmored, ''))
  const secret = await signingSecret(reporter, { at: NOW })
  if (secret === undefined) throw new Error('the key is not native')
  const readers = await Promise.all(
    Array.from(
      { length: RECIPIENTS },
      async (_, i) => await reader(`r${String(i)}@customer.example`),
    ),
  )
  const entities = readers.map(({ address }) =>
    accepted(composeEntity({ ...STATEMENT, to: { account: address } }, accountText('en'))),
  )
  const mailer = openSmtp({
    host: '127.0.0.1',
    port,
    tls: 'implicit',
    authorities: tls.authority,
    name: 'contoso.example',
  })
  return {
    folder,
    mailer,
    reporter,
    reporterArmored: made.privateArmored,
    signer: openMessageSigner(secret),
    readers,
    entities,
    close: async () => {
      await mailer.close()
      sink.disconnect()
    },
  }
}

async function portOf(sink: ChildProcess): Promise<number> {
  return await new Promise((resolve) => {
    sink.once('message', (port) => resolve(Number(port)))
  })
}

/** Everything that the relay does for a mail, the commits included. */
async function ours(desk: Desk): Promise<Contender & { readonly close: () => Promise<void> }> {
  const keys = relayKeys(newRelaySecret())
  const path = join(desk.folder, `${hex(systemRandom.bytes(8))}.sqlite`)
  const outbox = openOutbox({ path, keys, together: desk.mailer.atOnce })
  const events = { mailReclaimed: () => undefined }
  const ports = {
    clock: systemClock,
    random: systemRandom,
    outbox,
    mailer: desk.mailer,
    cipher: mailCipher,
    events,
  }
  const address = addressOf('reporter@contoso.example')
  const sender = { name: 'Contoso Security', address, idKey: keys.ids }
  const policy = {
    bounces: addressOf('bounces@contoso.example'),
    throttle: { perMinute: 60_000_000, burst: 1_000_000 },
    giveUpDays: 5,
    retrySeconds: 60,
  }
  const memory = newDeliveryMemory()
  return {
    run: async (times) => {
      for (let from = 0; from < times; from += BATCH) {
        const batch = Array.from({ length: Math.min(BATCH, times - from) }, (_, i) =>
          notice(desk, from + i),
        )
        const queued = await queueMail(ports, sender, batch)
        if (queued.some(({ outcome }) => outcome !== 'queued'))
          throw new Error('a mail was not queued')
      }
      for (;;) {
        const pass = await deliverDue(ports, policy, memory)
        if (pass.kind === 'trouble') throw new Error(pass.trouble)
        if (pass.kind === 'idle') return
      }
    },
    close: async () => {
      await outbox.close()
    },
  }
}

function notice(desk: Desk, turn: number): RelayedNotice {
  const to = desk.readers[turn % RECIPIENTS]
  const entity = desk.entities[turn % RECIPIENTS]
  if (to === undefined || entity === undefined) throw new Error('nobody reads')
  const signed = signMessage(desk.signer, entity, NOW)
  const file = {
    count: 1024,
    index: turn,
    kind: 'product',
    path: Array.from({ length: 10 }, () => '00'.repeat(32)),
    salt: '11'.repeat(32),
    signed: base64(signed),
    v: 1,
  }
  return {
    reference: hex(systemRandom.bytes(16)),
    act: ACT,
    batch: '',
    lane: 'priority',
    address: to.address,
    certificate: to.certificate,
    signed,
    product: `${JSON.stringify(file)}\n`,
  }
}

async function againstGpg(desk: Desk, effort: Effort, print: (line: Line) => void): Promise<void> {
  const relay = await ours(desk)
  const gpg = gpgContender({
    secretKey: desk.reporterArmored,
    signer: desk.reporter.fingerprint,
    recipients: desk.readers.map(({ certificate, key }) => ({
      certificate,
      fingerprint: key.fingerprint,
    })),
    notices: desk.entities,
  })
  const isThere = !('missing' in gpg)
  try {
    const rival = isThere ? [{ ...rivalOf(gpg, desk.mailer), times: 24 }] : []
    const [our, peer] = await interleave([{ ...relay, times: 192 }, ...rival], effort)
    print({
      name: 'mail-gpg',
      better: 'higher',
      value: perSecond(our),
      unit: 'mails per second of CPU',
      samples: effort.samples,
      ratio: isThere ? speedRatio(our, peer) : null,
      goal: 20,
      reference: isThere
        ? `${String(perSecond(peer))} by one process of gpg for each recipient, without an outbox, into the same sink; ours are in a durable outbox before and settled after`
        : gpg.missing,
    })
  } finally {
    await relay.close()
    if (isThere) gpg.close()
  }
}

/** Signs and encrypts by gpg, and mails what it wrote by the same connection. */
function rivalOf(gpg: GpgContender, mailer: Mailer): Contender {
  const head = {
    from: { name: 'Contoso Security', address: addressOf('reporter@contoso.example') },
    to: addressOf('r0@customer.example'),
    id: 'ab'.repeat(32),
    at: NOW,
  }
  return {
    meter: () => cpuMeter() + (gpg.meter?.() ?? 0),
    run: async (times) => {
      for (let turn = 0; turn < times; turn++) {
        const message = accepted(composeMail(head, gpg.write(turn)))
        const { kind } = await mailer.send({
          returnPath: 'b@contoso.example',
          to: 'r0@customer.example',
          message,
          isWanted: async () => await Promise.resolve(true),
        })
        if (kind !== 'accepted') throw new Error(kind)
      }
    },
  }
}

async function growth(desk: Desk, effort: Effort, print: (line: Line) => void): Promise<void> {
  const many = effort.isQuick ? 2_000 : 10_000
  const ratios: number[] = []
  const costs: number[] = []
  for (let sample = 0; sample < (effort.isQuick ? 1 : 3); sample++) {
    const small: number[] = []
    for (let i = 0; i < 5; i++) small.push(await costOf(desk, FEW))
    const large = await costOf(desk, many)
    ratios.push(large / median(small))
    costs.push(large)
  }
  print({
    name: 'mail-growth',
    better: 'lower',
    value: rounded(median(costs)),
    unit: `microseconds of CPU for each of ${String(many)} mails that are queued at once`,
    samples: ratios.length,
    ratio: rounded(median(ratios)),
    goal: 1.2,
    reference: `each of ${String(FEW)}, in a fresh outbox each time`,
  })
}

async function costOf(desk: Desk, count: number): Promise<number> {
  const relay = await ours(desk)
  try {
    const before = cpuMeter()
    await relay.run(count)
    return (cpuMeter() - before) / count
  } finally {
    await relay.close()
  }
}
