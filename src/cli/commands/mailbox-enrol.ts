import type { Api, SubmittedAct } from '#client/http.ts'
import { composeEnrolment, findWork, type MailboxSecrets, mailboxSecrets } from '#client/mailbox.ts'
import { fetchDirectory } from '#client/directory.ts'
import { unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { fromHex, hex } from '#core/bytes.ts'
import type { Refusal, RefusalReason } from '#core/refusal.ts'
import { accept, type Result } from '#core/result.ts'
import { dayOf } from '#core/time.ts'
import { compose, connect, type Connection } from '#cli/connection.ts'
import { exitOf } from '#cli/exit.ts'
import { type Home, withHome } from '#cli/home.ts'
import {
  headFor,
  keepMailbox,
  keepMailboxKey,
  keptMailboxes,
  type KeptMailbox,
} from '#cli/mailboxes.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { openProgress } from '#cli/progress.ts'
import { keySigner, type Signer } from '#cli/signer.ts'
import { UsageError } from '#cli/usage-error.ts'
import { proveOwnership } from './challenge.ts'
import { choosePassphrase } from './key.ts'

const NONCE_BYTES = 16
/** About so many hashes are tried until a proof of work is found. */
const WORK_EXPECTED = 2 ** 20
/** Refusals by which the coalition says that it has the mailbox, or may have it: its key stays. */
const MAYBE_ENROLLED: readonly RefusalReason[] = [
  'act-known-differently',
  'certificate-enrolled-already',
  'mailbox-exists',
  'state-changed',
]

interface SignedAct {
  /** Hex. */
  readonly payload: string
  readonly signature: string
}

/** An enrolment that may or may not have reached the server: sent again, it does what it did the first time. */
interface PendingEnrolment {
  readonly enrolment: SignedAct
  /** Signed beforehand too, so that going on needs no passphrase. */
  readonly naming: SignedAct
  readonly filers: readonly string[]
}

/** `mailbox enrol` */
export const enrol: Command = async (call) => {
  const filers = [...new Set(call.args.list('filer'))].toSorted()
  if (filers.length === 0) throw new UsageError('--filer is missing: who may file to the mailbox?')
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const begun = keptMailboxes(home).find((mailbox) => readPending(home, mailbox) !== undefined)
    const prepared =
      begun === undefined ? await prepare(call, connection.value, filers) : accept(begun)
    return prepared.ok ? await send(connection.value, prepared.value) : prepared
  })
}

/** Makes the key and the act, and keeps both before the server hears of them. A refusal until then leaves nothing behind. */
async function prepare(
  call: Call,
  connection: Connection,
  filers: readonly string[],
): Promise<Result<KeptMailbox>> {
  const { home } = connection
  const protection = await choosePassphrase(call, 'mailbox key')
  if (!protection.ok) return protection
  const secrets = await mailboxSecrets(call.io.now(), systemRandom, protection.value)
  const key = await unlockKey(secrets.key.privateArmored, protection.value.passphrase)
  if (!key.ok) return key
  const signed = await signEnrolment(call, connection, {
    secrets,
    signer: keySigner(key.value),
    filers,
  })
  if (!signed.ok) return signed
  const { fingerprint, id, salt } = secrets
  const mailbox: KeptMailbox = { v: 1, id, salt, keys: [fingerprint], state: 'enrolling' }
  keepMailboxKey(home, fingerprint, secrets.key.privateArmored)
  keepMailbox(home, mailbox)
  home.write('mailboxes', pendingName(mailbox), JSON.stringify(signed.value))
  return accept(mailbox)
}

async function signEnrolment(
  call: Call,
  connection: Connection,
  made: { secrets: MailboxSecrets; signer: Signer; filers: readonly string[] },
): Promise<Result<PendingEnrolment>> {
  const { filers, secrets, signer } = made
  const challenge = await proveOwnership(connection, signer, 'mailbox')
  if (!challenge.ok) return challenge
  const replay = await fetchDirectory(connection.api, connection.pins)
  if (!replay.ok) return replay
  const owner = { connection, signer, replay: replay.value, by: { mailbox: secrets.id } }
  const invitation = call.args.maybe('invitation')
  const payload = composeEnrolment({
    mailbox: { ...secrets, certificate: secrets.key.publicBytes },
    challenge: challenge.value,
    admission:
      invitation === undefined ? { work: await findAdmission(call, secrets.id) } : { invitation },
    directory: headFor(owner),
    origin: connection.coalition.origin,
    now: call.io.now(),
    nonce: systemRandom(NONCE_BYTES),
  })
  const enrolment = await sign(signer, payload)
  if (!enrolment.ok) return enrolment
  const naming = await sign(signer, compose(owner, 'mailbox.filers', { filers }))
  return naming.ok ? accept({ enrolment: enrolment.value, naming: naming.value, filers }) : naming
}

async function sign(signer: Signer, payload: Uint8Array): Promise<Result<SignedAct>> {
  const signature = await signer.sign(payload)
  return signature.ok ? accept({ payload: hex(payload), signature: signature.value }) : signature
}

/**
 * Sends the enrolment. Where it is refused, the key goes: nothing was enrolled, and nobody was ever told of it. Where no answer comes, all of it
 * stays, and the next enrolment from this home goes on with it.
 */
async function send({ api, home }: Connection, mailbox: KeptMailbox): Promise<Result<Output>> {
  const pending = readPending(home, mailbox)
  if (pending === undefined) throw new Error('an enrolment that was just kept is gone')
  const enrolled = await submitSigned(api, pending.enrolment)
  if (!enrolled.ok) {
    if (!MAYBE_ENROLLED.includes(enrolled.refusal.reason)) forget(home, mailbox)
    return enrolled
  }
  const named = await submitSigned(api, pending.naming)
  // Who gave the invitation may file already.
  const refused = named.ok || named.refusal.reason === 'nothing-to-do' ? undefined : named.refusal
  const { filers } = pending
  keepMailbox(home, { ...mailbox, state: 'open', ...(refused === undefined && { filers }) })
  home.remove('mailboxes', pendingName(mailbox))
  return accept(describeEnrolled(mailbox, { filers, refused }))
}

async function submitSigned(
  api: Api,
  { payload, signature }: SignedAct,
): Promise<Result<SubmittedAct>> {
  return await api.submitAct({
    payload: fromHex(payload) ?? new Uint8Array(),
    signatures: [signature],
  })
}

/** The mailbox is open by now, so whatever came of naming its filers, its owner is told its id. */
function describeEnrolled(
  { id, keys: [fingerprint = ''] }: KeptMailbox,
  { filers, refused }: { filers: readonly string[]; refused: Refusal | undefined },
): Output {
  const lines = [`mailbox      ${id}`, `fingerprint  ${fingerprint}`, '']
  const value = { mailbox: id, fingerprint, filers }
  if (refused === undefined) {
    const advice = `Give both to ${filers.join(', ')}, inside their own product. Never by mail.`
    return say([...lines, advice], value)
  }
  const advice = `The mailbox is open, but who may file was refused (${refused.reason}). Name them again: dunant mailbox filers`
  const told = say([...lines, advice], { ...value, filers: [], refused: refused.reason })
  return { ...told, exit: exitOf(refused.reason) }
}

function forget(home: Home, mailbox: KeptMailbox): void {
  home.remove('mailboxes', pendingName(mailbox))
  home.remove('mailboxes', `${mailbox.id}.json`)
  for (const fingerprint of mailbox.keys) home.remove('mailboxes', `${fingerprint}.asc`)
}

async function findAdmission({ io }: Call, mailbox: string): Promise<string> {
  const progress = openProgress(io, 'proof of work')
  try {
    return await findWork(mailbox, {
      day: dayOf(io.now()),
      onProgress: (tried) => {
        progress.update(tried, Math.max(WORK_EXPECTED, tried))
      },
      ...(io.signal === undefined ? {} : { signal: io.signal }),
    })
  } finally {
    progress.close()
  }
}

function readPending(home: Home, mailbox: KeptMailbox): PendingEnrolment | undefined {
  if (mailbox.state !== 'enrolling') return undefined
  const text = home.read('mailboxes', pendingName(mailbox))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return text === undefined ? undefined : (JSON.parse(text) as PendingEnrolment)
}

function pendingName({ id }: KeptMailbox): string {
  return `${id}.enrolment`
}
