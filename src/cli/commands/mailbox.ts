import { fetchDirectory } from '#client/directory.ts'
import { generateMailboxKey, type Protection, unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { base64, fromHex, hex } from '#core/bytes.ts'
import { tokenHash } from '#core/mailbox.ts'
import { readCertificate } from '#core/openpgp.ts'
import { accept, type Result } from '#core/result.ts'
import { midnightOf } from '#core/time.ts'
import {
  compose,
  connect,
  type Connection,
  openOfficer,
  signIn,
  submit,
  submitPayload,
} from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { writeOut } from '#cli/files.ts'
import { type Home, withHome } from '#cli/home.ts'
import {
  chosenMailbox,
  keepMailbox,
  keepMailboxKey,
  type KeptMailbox,
  openOwner,
  ownerOf,
  unlockMailboxKey,
} from '#cli/mailboxes.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { keySigner } from '#cli/signer.ts'
import { UsageError } from '#cli/usage-error.ts'
import { proveOwnership } from './challenge.ts'

const TOKEN_BYTES = 32
const TOKENS_MAX = 64

/** `mailbox invite` */
export const invite: Command = async (call) => {
  const count = call.args.count('count') ?? 1
  if (count < 1 || count > TOKENS_MAX) throw new UsageError(`--count is 1 to ${String(TOKENS_MAX)}`)
  const tokens = Array.from({ length: count }, () => hex(systemRandom(TOKEN_BYTES)))
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const submitted = await submit(actor.value, 'mailbox.invite', {
      tokens: tokens.map(tokenHash).toSorted(),
    })
    if (!submitted.ok) return submitted
    const path = writeOut(call, `${tokens.join('\n')}\n`)
    const described = describeSubmitted(
      submitted.value,
      path === undefined ? [...tokens, ''] : [`${String(count)} tokens written to ${path}`],
    )
    return accept({
      ...described,
      value: { id: submitted.value.id, status: submitted.value.status, tokens },
    })
  })
}

/** `mailbox filers` */
export const filers: Command = async (call) => {
  const named = [...new Set(call.args.list('filer'))].toSorted()
  if (named.length === 0) throw new UsageError('--filer is missing')
  return await asOwner(call, async (actor) => {
    const submitted = await submit(actor, 'mailbox.filers', { filers: named })
    if (submitted.ok) keepMailbox(actor.connection.home, { ...actor.mailbox, filers: named })
    return submitted
  })
}

/** `mailbox close` */
export const close: Command = async (call) => {
  if (!call.args.flag('yes'))
    throw new UsageError(
      'a closed mailbox never opens again, also not for the notices in it: keep what you need with  dunant mailbox open NOTICE --out FILE,  then add --yes',
    )
  return await asOwner(call, async (actor) => {
    const submitted = await submit(actor, 'mailbox.close', {})
    if (submitted.ok) keepMailbox(actor.connection.home, { ...actor.mailbox, state: 'closed' })
    return submitted
  })
}

async function asOwner(
  call: Call,
  work: (actor: ReturnType<typeof ownerOf>) => ReturnType<typeof submitPayload>,
): ReturnType<Command> {
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const actor = await openOwner(call, connection.value)
    if (!actor.ok) return actor
    const submitted = await work(actor.value)
    return submitted.ok ? accept(describeSubmitted(submitted.value)) : submitted
  })
}

/** An act that may or may not have reached the server: sent again, it does what it did the first time. */
interface PendingRotation {
  readonly payload: string
  readonly signature: string
  readonly fingerprint: string
}

/** `mailbox rotate` */
export const rotate: Command = async (call) =>
  await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const mailbox = chosenMailbox(call, home)
    const kept = readPending(home, mailbox)
    const prepared =
      kept === undefined ? await prepareRotation(call, connection.value) : accept(kept)
    if (!prepared.ok) return prepared
    const rotation = prepared.value
    const payload = fromHex(rotation.payload) ?? new Uint8Array()
    const submitted = await connection.value.api.submitAct({
      payload,
      signatures: [rotation.signature],
    })
    const rotated =
      submitted.ok ||
      (kept !== undefined &&
        (await isInPlace(call, connection.value, { mailbox, fingerprint: rotation.fingerprint })))
    home.remove('mailboxes', pendingName(mailbox))
    if (!rotated) return submitted
    keepMailbox(home, { ...mailbox, keys: [...mailbox.keys, rotation.fingerprint] })
    const next =
      'Give the new fingerprint to the companies that file to it, inside their own product.'
    return accept(
      say([`mailbox      ${mailbox.id}`, `fingerprint  ${rotation.fingerprint}`, '', next], {
        mailbox: mailbox.id,
        fingerprint: rotation.fingerprint,
      }),
    )
  })

/** An earlier attempt may have arrived though its answer did not: then the old key signs nothing any more, and the new one signs in. */
async function isInPlace(
  call: Call,
  connection: Connection,
  rotated: { mailbox: KeptMailbox; fingerprint: string },
): Promise<boolean> {
  const mailbox = { ...rotated.mailbox, keys: [rotated.fingerprint] }
  const key = await unlockMailboxKey(connection.home, rotated.fingerprint, openPassphrases(call))
  const replay = await fetchDirectory(connection.api, connection.pins)
  if (!key.ok || !replay.ok) return false
  const owner = ownerOf({
    connection,
    mailbox,
    key: key.value,
    replay: replay.value,
    passphrases: openPassphrases(call),
  })
  return (await signIn(owner)).ok
}

/** Makes the new key, proves that it is ours, and signs the rotation with the old one; all of it is kept before it is sent. */
async function prepareRotation(
  call: Call,
  connection: Connection,
): Promise<Result<PendingRotation>> {
  const { home } = connection
  const actor = await openOwner(call, connection)
  if (!actor.ok) return actor
  const { passphrases } = actor.value
  const protection = call.args.flag('no-passphrase')
    ? accept({ passphrase: '', unprotected: true })
    : await toProtection(passphrases.choose('mailbox key'))
  if (!protection.ok) return protection
  const made = await generateMailboxKey({
    midnight: midnightOf(call.io.now()),
    ...protection.value,
  })
  const certificate = await readCertificate(made.publicBytes)
  if (!certificate.ok) return certificate
  const { fingerprint } = certificate.value.life.primary
  keepMailboxKey(home, fingerprint, made.privateArmored)
  const key = await unlockKey(made.privateArmored, protection.value.passphrase)
  if (!key.ok) return key
  const challenge = await proveOwnership(connection, keySigner(key.value), 'mailbox')
  if (!challenge.ok) return challenge
  const payload = compose(actor.value, 'mailbox.rotate', {
    certificate: base64(made.publicBytes),
    challenge: challenge.value,
  })
  const signature = await actor.value.signer.sign(payload)
  if (!signature.ok) return signature
  const pending: PendingRotation = {
    payload: hex(payload),
    signature: signature.value,
    fingerprint,
  }
  home.write('mailboxes', pendingName(actor.value.mailbox), JSON.stringify(pending))
  return accept(pending)
}

async function toProtection(chosen: Promise<Result<string>>): Promise<Result<Protection>> {
  const passphrase = await chosen
  return passphrase.ok ? accept({ passphrase: passphrase.value }) : passphrase
}

function readPending(home: Home, mailbox: KeptMailbox): PendingRotation | undefined {
  const text = home.read('mailboxes', pendingName(mailbox))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return text === undefined ? undefined : (JSON.parse(text) as PendingRotation)
}

function pendingName({ id }: KeptMailbox): string {
  return `${id}.rotation`
}
