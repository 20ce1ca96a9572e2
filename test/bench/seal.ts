import { availableParallelism } from 'node:os'
import { createMessage, encrypt, type Key, type PrivateKey, readKey, readPrivateKey } from 'openpgp'
import { generateOfficerKey, signingSecret, type UnlockedKey, unlockKey } from '#client/openpgp.ts'
import { encryptMessage } from '#adapters/crypto/encrypt-message.ts'
import { recipientOf } from '#adapters/crypto/recipient.ts'
import { openMessageSigner, signMessage } from '#adapters/crypto/sign-message.ts'
import { inFlight } from '#client/in-flight.ts'
import { systemRandom } from '#client/random.ts'
import { base64, utf8 } from '#core/bytes.ts'
import { mailbox } from '#test/helpers/client-keys.ts'
import { openNativeSealer } from '#entry/sealer.ts'
import { accepted, DAY, NOW } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, STATEMENT } from '#test/helpers/statements.ts'
import { gpgContender } from './gpg.ts'
import {
  type Contender,
  type Effort,
  type Group,
  interleave,
  type Line,
  perSecond,
  speedRatio,
  wallMeter,
} from './measure.ts'
import { bareKey, bareSigningKey, sealBare } from './primitives.ts'

const NOTICE_BYTES = 2048
const NOTICES = 64
const RECIPIENTS = 16
/** Batches under way at once. */
const IN_FLIGHT = 8

/** Signing a notice of 2 KB and encrypting it to one customer. */
export const seal: Group = {
  name: 'seal',
  lines: [
    'sign-encrypt-primitives',
    'sign-encrypt-stock',
    'sign-encrypt-gpg',
    'sign-encrypt-cores',
  ],
  run: async (effort, print) => {
    const desk = await openDesk()
    const ours = await ourContender(desk)
    const contenders = [ours, bareContender(desk), stockContender(desk)]
    const [our, bare, stock] = await interleave(contenders, effort)
    print({
      ...line('sign-encrypt-primitives', our, effort),
      ratio: speedRatio(our, bare),
      goal: 0.6,
      reference: `${String(perSecond(bare))} per second of CPU: the same arithmetic by node:crypto, without OpenPGP`,
    })
    print({
      ...line('sign-encrypt-stock', our, effort),
      ratio: speedRatio(our, stock),
      goal: 5,
      reference: `${String(perSecond(stock))} per second of CPU: encrypt() of OpenPGP.js with both keys read before, one after the other`,
    })
    await againstGpg(desk, ours, { effort, print })
    await onAllCores(desk, effort, print)
  },
}

interface Desk {
  readonly reporter: UnlockedKey
  readonly reporterArmored: string
  readonly recipients: readonly { readonly certificate: Uint8Array; readonly fingerprint: string }[]
  readonly notices: readonly Uint8Array[]
  readonly stockReporter: PrivateKey
  readonly stockRecipients: readonly Key[]
}

async function openDesk(): Promise<Desk> {
  const made = await generateOfficerKey({
    userId: { name: 'Reporter' },
    date: NOW - DAY,
    passphrase: '',
    unprotected: true,
  })
  const mailboxes = await Promise.all(Array.from({ length: RECIPIENTS }, mailbox))
  const recipients = mailboxes.map(({ certificate, key }) => ({
    certificate,
    fingerprint: key.fingerprint,
  }))
  return {
    reporter: accepted(await unlockKey(made.privateArmored, '')),
    reporterArmored: made.privateArmored,
    recipients,
    notices: Array.from({ length: NOTICES }, notice),
    stockReporter: await readPrivateKey({ armoredKey: made.privateArmored }),
    stockRecipients: await Promise.all(
      recipients.map(async ({ certificate }) => await readKey({ binaryKey: certificate })),
    ),
  }
}

function notice(): Uint8Array {
  const head = 'Content-Type: text/plain; charset=utf-8\r\n\r\n'
  return utf8((head + base64(systemRandom(NOTICE_BYTES))).slice(0, NOTICE_BYTES))
}

/** As a filing does it, without the text: the key is judged once, the recipient each time. */
async function ourContender(desk: Desk): Promise<Contender> {
  const secret = await signingSecret(desk.reporter, { at: NOW })
  if (secret === undefined) throw new Error('the key is not native')
  const signer = openMessageSigner(secret)
  return {
    run: async (times) => {
      for (const turn of numbers(times)) {
        const recipient = await recipientOf(at(desk.recipients, turn).certificate, NOW)
        if (recipient === undefined) throw new Error('a recipient is not native')
        const signed = signMessage(signer, at(desk.notices, turn), NOW)
        checkSize(encryptMessage(recipient, signed))
      }
    },
  }
}

/** Whole notices, their text included, in worker threads: all cores against one, by the clock. */
async function onAllCores(desk: Desk, effort: Effort, print: (line: Line) => void): Promise<void> {
  const threads = availableParallelism()
  const one = await threadContender(desk, 1)
  const all = await threadContender(desk, threads)
  try {
    const [ours, single] = await interleave([all, one], effort)
    print({
      name: 'sign-encrypt-cores',
      better: 'higher',
      value: perSecond(ours),
      unit: `notices per second on ${String(threads)} cores`,
      samples: effort.samples,
      ratio: speedRatio(ours, single),
      goal: 1.8,
      reference: `${String(perSecond(single))} per second by one worker thread`,
    })
  } finally {
    await all.close()
    await one.close()
  }
}

async function threadContender(
  desk: Desk,
  threads: number,
): Promise<Contender & { readonly close: () => Promise<void> }> {
  const secret = await signingSecret(desk.reporter, { at: NOW })
  if (secret === undefined) throw new Error('the key is not native')
  const { texts } = accountTemplate()
  const sealer = await openNativeSealer({ secret, texts, at: NOW, threads })
  const { to: _, ...statement } = STATEMENT
  const batch = desk.recipients.map(({ certificate, fingerprint }) => ({
    statement,
    mailbox: { id: 'a'.repeat(32), certificate, facts: { fingerprint } },
  }))
  const sealBatch = async () => await sealer.seal(batch)
  return {
    meter: wallMeter,
    run: async (times) => {
      const batches = inFlight(numbers(Math.ceil(times / RECIPIENTS)), sealBatch, IN_FLIGHT)
      for await (const sealed of batches)
        if (sealed.some((one) => one?.ok !== true)) throw new Error('a notice was not sealed')
    },
    close: async () => {
      await sealer.close()
    },
  }
}

function bareContender(desk: Desk): Contender {
  const signer = bareSigningKey()
  const recipients = desk.recipients.map(({ certificate }) => bareKey(certificate, 'subkey'))
  return {
    run: (times) => {
      for (const turn of numbers(times)) {
        const parts = sealBare(at(desk.notices, turn), { signer, recipient: at(recipients, turn) })
        checkSize(Buffer.concat(parts))
      }
    },
  }
}

function stockContender(desk: Desk): Contender {
  return {
    run: async (times) => {
      for (const turn of numbers(times)) {
        const message = await encrypt({
          message: await createMessage({ binary: at(desk.notices, turn) }),
          encryptionKeys: at(desk.stockRecipients, turn),
          signingKeys: desk.stockReporter,
          format: 'binary',
        })
        checkSize(message)
      }
    },
  }
}

async function againstGpg(
  desk: Desk,
  ours: Contender,
  { effort, print }: { readonly effort: Effort; readonly print: (line: Line) => void },
): Promise<void> {
  const opened = gpgContender({
    secretKey: desk.reporterArmored,
    signer: desk.reporter.fingerprint,
    recipients: desk.recipients,
    notices: desk.notices,
  })
  if ('missing' in opened) {
    console.error(`sign-encrypt-gpg is skipped: ${opened.missing}`)
    return
  }
  try {
    const times = effort.isQuick ? 15 : 60
    const samples = effort.isQuick ? 3 : 5
    const [our, gpg] = await interleave([ours, { ...opened, times }], {
      ...effort,
      samples,
    })
    print({
      ...line('sign-encrypt-gpg', our, effort),
      ratio: speedRatio(our, gpg),
      goal: 20,
      reference: `${String(perSecond(gpg))} per second of CPU: one process of gpg for each notice, its agent's share included`,
      samples,
    })
  } finally {
    opened.close()
  }
}

function line(
  name: string,
  costs: readonly number[] | undefined,
  { samples }: Effort,
): Omit<Line, 'goal' | 'ratio' | 'reference'> {
  const unit = 'notices of 2 KB per second of CPU'
  return { name, better: 'higher', value: perSecond(costs), unit, samples }
}

/** Whoever does less than the others is out of the race. */
function checkSize(message: Uint8Array): void {
  if (message.length < NOTICE_BYTES) throw new Error('a message is shorter than the notice in it')
}

function* numbers(times: number): Generator<number> {
  for (let turn = 0; turn < times; turn++) yield turn
}

function at<T>(items: readonly T[], turn: number): T {
  const item = items[turn % items.length]
  if (item === undefined) throw new Error('there is nothing to choose from')
  return item
}
