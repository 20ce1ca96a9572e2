import { fork } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ServedMailbox } from '#client/http.ts'
import { composeEnrolment } from '#client/mailbox.ts'
import { generateOfficerKey, signDetached } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { NO_HEAD } from '#core/act.ts'
import { base64, hex } from '#core/bytes.ts'
import { mailboxId } from '#core/mailbox.ts'
import { mailbox, MIDNIGHT, ORIGIN } from '#test/helpers/client-keys.ts'
import { DAY, NOW } from '#test/helpers/openpgp-keys.ts'
import type { ComposeReport } from './compose-role.ts'
import { type Group, median, rounded } from './measure.ts'

const MANY = 5000
const FEW = 500
/** Most people have no key; every tenth customer here has one. */
const CUSTOMERS_PER_MAILBOX = 10

/** From a customer list to a bundle, each time in a fresh process. */
export const compose: Group = {
  name: 'compose',
  lines: ['compose-5000', 'compose-memory'],
  run: async (effort, print) => {
    const folder = mkdtempSync(join(tmpdir(), 'dunant-bench-'))
    try {
      await prepare(folder)
      const samples = effort.isQuick ? 1 : 3
      const few: ComposeReport[] = []
      const many: ComposeReport[] = []
      for (let sample = 0; sample < samples; sample++) {
        few.push(await composed({ folder, count: FEW }))
        many.push(await composed({ folder, count: MANY }))
      }
      print({
        name: 'compose-5000',
        ratio: null,
        goal: null,
        better: 'lower',
        value: rounded(median(many.map(({ durable }) => durable))),
        unit: 'seconds',
        reference: `from CSV to a durable bundle and one durable file for each customer; ${String(MANY)} customers, every ${String(CUSTOMERS_PER_MAILBOX)}th with a mailbox that is verified first`,
        samples,
      })
      const ratios = many.map(
        ({ peakMegabytes }, i) => peakMegabytes / (few[i]?.peakMegabytes ?? 0),
      )
      print({
        name: 'compose-memory',
        ratio: rounded(median(ratios)),
        goal: 1.2,
        better: 'lower',
        value: rounded(median(many.map(({ peakMegabytes }) => peakMegabytes))),
        unit: 'megabytes resident at most',
        reference: `${String(rounded(median(few.map(({ peakMegabytes }) => peakMegabytes))))} with ${String(FEW)} customers`,
        samples,
      })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

/** Writes what the composing process reads: the reporter's key, customer lists, and mailboxes as a server would serve them. */
async function prepare(folder: string): Promise<void> {
  const reporter = await generateOfficerKey({
    userId: { name: 'Reporter' },
    date: NOW - DAY,
    passphrase: '',
    unprotected: true,
  })
  writeFileSync(join(folder, 'reporter.asc'), reporter.privateArmored)
  const mailboxes: ServedMailbox[] = []
  for (let i = 0; i < MANY; i += CUSTOMERS_PER_MAILBOX) mailboxes.push(await servedMailbox())
  for (const one of mailboxes) writeFileSync(join(folder, `${one.id}.mailbox`), JSON.stringify(one))
  const ids = mailboxes.map(({ id }) => id)
  for (const count of [FEW, MANY])
    writeFileSync(join(folder, `${String(count)}.csv`), csv(count, ids))
}

async function servedMailbox(): Promise<ServedMailbox> {
  const { certificate, key } = await mailbox()
  const { fingerprint } = key
  const salt = hex(systemRandom(16))
  const id = mailboxId(fingerprint, salt)
  const payload = composeEnrolment({
    mailbox: { id, fingerprint, salt, certificate },
    challenge: hex(systemRandom(32)),
    admission: { invitation: hex(systemRandom(32)) },
    directory: NO_HEAD,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const signatures = [await signDetached(key, payload, { at: MIDNIGHT })]
  return {
    id,
    certificate: base64(certificate),
    salt,
    links: [{ payload: base64(payload), signatures }],
  }
}

function csv(count: number, mailboxes: readonly string[]): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const id = i % CUSTOMERS_PER_MAILBOX === 0 ? (mailboxes[i / CUSTOMERS_PER_MAILBOX] ?? '') : ''
    const facts = `"asset=email-account; target_state=access-confirmed; sought=messages,sources; seen=Sign-in ${String(i)} came from a country in which you have never been."`
    return `customer-${String(i)}@contoso.example,${i % 3 === 0 ? 'fr' : 'en'},${facts},${id}`
  })
  return `account,language,facts,mailbox\n${rows.join('\n')}\n`
}

async function composed(list: {
  readonly folder: string
  readonly count: number
}): Promise<ComposeReport> {
  const { count, folder } = list
  const child = fork(process.argv[1] ?? '', ['--role', 'compose', folder, String(count)])
  return await new Promise((resolve, reject) => {
    let report: ComposeReport | undefined
    child.once('message', (heard: ComposeReport) => {
      report = heard
    })
    child.once('exit', () => {
      if (report === undefined) reject(new Error('nothing was composed'))
      else resolve(report)
    })
  })
}
