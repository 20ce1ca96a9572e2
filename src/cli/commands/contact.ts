import {
  answerTest,
  changeContact,
  type Contact,
  contactStanding,
  ladderOf,
  noteAttempt,
  type RungId,
  RUNGS,
  startTest,
} from '#agent/contact.ts'
import { proofOf } from '#agent/desk.ts'
import { encryptTo, signEntity } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { base64, fromBase64, fromUtf8, utf8 } from '#core/bytes.ts'
import { inspectCertificate } from '#core/openpgp.ts'
import { readArmor, writeArmor } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { openOfficer } from '#cli/connection.ts'
import { onDesk } from '#cli/desk.ts'
import { readBytes, writeOut } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { softwareKey } from '#cli/software-key.ts'
import { UsageError } from '#cli/usage-error.ts'
import { readId } from './party.ts'

const CODE_BYTES = 8
const TEXTS = ['mail', 'phone', 'manager', 'address'] as const

/** `contact set` */
export const set: Command = async (call) => {
  const { args } = call
  const organisation = args.argument(0)
  const texts = Object.fromEntries(
    TEXTS.flatMap((name) => {
      const value = args.maybe(name)
      return value === undefined ? [] : [[name, value]]
    }),
  )
  const key = await readCertificate(call)
  if (!key.ok) return key
  const flag = args.maybe('avoid-admin')
  if (flag !== undefined && flag !== 'yes' && flag !== 'no')
    throw new UsageError('--avoid-admin is yes or no')
  const avoids = flag === undefined ? {} : { avoidAdmin: flag === 'yes' }
  return await onDesk(call, async (desk) => {
    const before = desk.read('contact', organisation) ?? newContact(organisation)
    const contact = changeContact(before, { ...texts, ...key.value, ...avoids })
    desk.write('contact', organisation, contact)
    return await Promise.resolve(accept(shown(contact, call.io.now())))
  })
}

function newContact(organisation: string): Contact {
  return { organisation, avoidAdmin: false, cases: [], attempts: [], v: 1 }
}

async function readCertificate(
  call: Call,
): Promise<Result<Pick<Contact, 'certificate' | 'fingerprint'>>> {
  const file = call.args.maybe('certificate')
  if (file === undefined) return accept({})
  const packet = readArmor(fromUtf8(await readBytes(call, file)) ?? '', 'PGP PUBLIC KEY BLOCK')
  if (!packet.ok) return packet
  const facts = await inspectCertificate(packet.value, 'officer', call.io.now())
  return facts.ok
    ? accept({ certificate: base64(facts.value.bytes), fingerprint: facts.value.fingerprint })
    : facts
}

/** `contact test`: the message is for the company's own mail program to send. */
export const test: Command = async (call) => {
  const passphrases = openPassphrases(call)
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home, passphrases)
    if (!actor.ok) return actor
    const key = await softwareKey(call, actor.value, passphrases)
    if (!key.ok) return key
    return await onDesk(call, async (desk) => {
      const organisation = call.args.argument(0)
      const contact = desk.read('contact', organisation)
      if (contact === undefined) return refuse('contact-unknown')
      const certificate = fromBase64(contact.certificate ?? '')
      if (certificate === undefined || certificate.length === 0)
        return refuse('contact-rung-closed', 'no key is known: give one with contact set')
      const at = call.io.now()
      const started = startTest(contact, systemRandom(CODE_BYTES), at)
      const entity = testEntity(actor.value.party, started.code)
      const signed = await signEntity(key.value, entity, { at })
      const message = writeArmor('PGP MESSAGE', await encryptTo(certificate, signed, { at }))
      desk.write('contact', organisation, started.contact)
      const out = writeOut(call, message)
      return accept(say([out ?? message.trim()], { organisation, file: out ?? null, message }))
    })
  })
}

function testEntity(party: string, code: string): Uint8Array {
  const spaced = `${code.slice(0, 4)} ${code.slice(4)}`
  return utf8(
    [
      'Content-Type: text/plain; charset=utf-8',
      '',
      `${party} tests once in a quarter whether it can reach you if you are attacked.`,
      'Nothing has happened. Read this number back to us, by telephone or by answering this mail:',
      '',
      spaced,
      '',
    ].join('\r\n'),
  )
}

/** `contact answer` */
export const answer: Command = async (call) =>
  await change(call, (contact) => {
    const { contact: next, isRight } = answerTest(contact, call.args.argument(1), call.io.now())
    return { contact: next, refused: isRight ? undefined : refuse('contact-untested', WRONG) }
  })

const WRONG = 'this is not the number of a test that waits; after three wrong ones send it anew'

/** `contact note` */
export const note: Command = async (call) => {
  const { args } = call
  const named = args.text('rung')
  const rung: RungId | undefined = RUNGS.find(({ id }) => id === named)?.id
  if (rung === undefined)
    throw new UsageError(`--rung is one of ${RUNGS.map(({ id }) => id).join(', ')}`)
  const outcome = args.text('outcome')
  if (outcome !== 'answered' && outcome !== 'tried')
    throw new UsageError('--outcome is tried or answered')
  const file = args.maybe('proof-file')
  const proof = file === undefined ? args.text('proof') : proofOf(await readBytes(call, file))
  const attempt = {
    notice: readId(args.text('notice')),
    rung,
    outcome,
    at: call.io.now(),
    proof,
    by: args.text('by'),
  } as const
  return await change(call, (contact) => {
    const noted = noteAttempt(contact, attempt)
    return noted.ok
      ? { contact: noted.value, refused: undefined }
      : { contact: undefined, refused: noted }
  })
}

/** `contact show` */
export const show: Command = async (call) =>
  await change(call, (contact) => ({ contact, refused: undefined }))

/** `contact list` */
export const list: Command = async (call) =>
  await onDesk(call, async (desk) => {
    const now = call.io.now()
    const value = desk.list('contact').map((contact) => valueOf(contact, now))
    const rows = value.map(({ organisation, standing, tested_at, due }) => [
      organisation,
      standing,
      tested_at ?? '',
      due.map(({ notice, rung }) => `${rung} for ${notice.slice(0, 8)}…`).join(', '),
    ])
    const head = ['organisation', 'contact', 'tested', 'due now']
    return await Promise.resolve(accept(say([table([head, ...rows])], value)))
  })

async function change(
  call: Call,
  changed: (contact: Contact) => {
    readonly contact: Contact | undefined
    readonly refused: Result<never> | undefined
  },
): Promise<Result<Output>> {
  return await onDesk(call, async (desk) => {
    const organisation = call.args.argument(0)
    const contact = desk.read('contact', organisation)
    if (contact === undefined) return await Promise.resolve(refuse('contact-unknown'))
    const { contact: next, refused } = changed(contact)
    if (next !== undefined && next !== contact) desk.write('contact', organisation, next)
    return refused ?? accept(shown(next ?? contact, call.io.now()))
  })
}

function valueOf(contact: Contact, now: number) {
  const ladders = contact.cases.map(({ notice }) => ({
    notice,
    ladder: ladderOf(contact, notice, now),
  }))
  return {
    organisation: contact.organisation,
    standing: contactStanding(contact, now),
    tested_at: contact.testedAt === undefined ? null : formatInstant(contact.testedAt),
    avoid_admin: contact.avoidAdmin,
    fingerprint: contact.fingerprint ?? null,
    due: ladders.flatMap(({ ladder, notice }) =>
      ladder.filter(({ state }) => state === 'due').map(({ rung }) => ({ notice, rung })),
    ),
    cases: ladders,
    attempts: contact.attempts,
  }
}

function shown(contact: Contact, now: number): Output {
  const value = valueOf(contact, now)
  const lines = value.cases.flatMap(({ ladder, notice }) => [
    '',
    `notice    ${notice}`,
    table([
      ['rung', 'state', 'due', 'remark'],
      ...ladder.map(({ dueAt, remark = '', rung, state }) => [
        rung,
        state,
        formatInstant(dueAt),
        remark,
      ]),
    ]),
  ])
  return say(
    [
      `contact   ${contact.organisation}`,
      `standing  ${value.standing}${value.tested_at === null ? '' : `, tested ${value.tested_at}`}`,
      ...(contact.fingerprint === undefined ? [] : [`key       ${contact.fingerprint}`]),
      ...(contact.avoidAdmin ? ['careful   do not tell the administrator'] : []),
      ...lines,
    ],
    value,
  )
}
