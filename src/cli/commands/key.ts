import { generateOfficerKey, publicOf } from '#client/openpgp.ts'
import type { CertificateKind } from '#core/certificate-kind.ts'
import { inspectCertificate, readCertificate } from '#core/openpgp.ts'
import { readArmor, writeArmor } from '#core/packets.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { pathOf, readText, writeOut } from '#cli/files.ts'
import { openGpg } from '#cli/gpg.ts'
import { homeFolder, openHome, withHome } from '#cli/home.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { keyName, openKey } from '#cli/signer.ts'
import { UsageError } from '#cli/usage-error.ts'

const NAME = /^[a-z0-9][a-z0-9-]{0,60}$/
const PRIVATE_BLOCK = '-----BEGIN PGP PRIVATE KEY BLOCK-----'
const KINDS: readonly CertificateKind[] = ['officer', 'mailbox', 'identifiable', 'service']

/** `key generate` */
export const generate: Command = async (call) => {
  const { args } = call
  const name = args.argument(0)
  if (!NAME.test(name)) throw new UsageError('NAME is lower-case letters, digits and hyphens')
  const email = args.maybe('email')
  const userId = { name: args.text('name'), ...(email === undefined ? {} : { email }) }
  return await withHome(call, async (home) => {
    if (home.read('keys', keyName(name)) !== undefined)
      throw new UsageError(`there is a key ${name} already`)
    const passphrase = await choosePassphrase(call, `key ${name}`)
    if (!passphrase.ok) return passphrase
    const key = await generateOfficerKey({ userId, date: call.io.now(), ...passphrase.value })
    const path = home.writeNew('keys', keyName(name), key.privateArmored)
    home.write('keys', `${name}.pub.asc`, writeArmor('PGP PUBLIC KEY BLOCK', key.publicBytes))
    home.write('keys', `${name}.revocation.asc`, key.revocationArmored)
    const certificate = await readCertificate(key.publicBytes)
    if (!certificate.ok) return certificate
    const { fingerprint } = certificate.value.life.primary
    const next =
      'Keep the file NAME.revocation.asc somewhere else: it revokes the key if you lose it.'
    return accept(
      say([`fingerprint  ${fingerprint}`, `key          ${path}`, next.replace('NAME', name)], {
        fingerprint,
        name,
        path,
      }),
    )
  })
}

/** The passphrase of a new key, or none where `--no-passphrase` asks for that by name. */
export async function choosePassphrase(
  call: Call,
  prompt: string,
): Promise<Result<{ passphrase: string; unprotected?: boolean }>> {
  if (call.args.flag('no-passphrase')) return accept({ passphrase: '', unprotected: true })
  const chosen = await openPassphrases(call).choose(prompt)
  return chosen.ok ? accept({ passphrase: chosen.value }) : chosen
}

/** `key show` */
export const show: Command = async (call) => {
  const bytes = await certificateOf(call, call.args.argument(0))
  if (!bytes.ok) return bytes
  const parsed = await readCertificate(bytes.value)
  if (!parsed.ok) return parsed
  const now = call.io.now()
  const { life } = parsed.value
  const facts = await inspectCertificate(bytes.value, 'officer', now)
  const shown = {
    fingerprint: life.primary.fingerprint,
    version: life.version,
    created: formatInstant(life.primary.createdAt),
    ...(facts.ok
      ? {
          user_ids: facts.value.userIds,
          expires: facts.value.expiresAt === null ? null : formatInstant(facts.value.expiresAt),
          signing_keys: facts.value.signingKeys,
          encryption_keys: facts.value.encryptionKeys,
        }
      : { refused: facts.refusal.reason }),
  }
  return accept(
    say(
      Object.entries(shown).map(([name, value]) => `${name.padEnd(16)}${plain(value)}`),
      shown,
    ),
  )
}

/** `key export` */
export const exportKey: Command = async (call) => {
  const fingerprint = call.args.maybe('gpg')
  const named = call.args.argument(0)
  if ((fingerprint === undefined) === (named === ''))
    throw new UsageError('give either the name of a key or --gpg')
  const bytes =
    fingerprint === undefined ? await certificateOf(call, named) : await fromGpg(call, fingerprint)
  if (!bytes.ok) return bytes
  const armored = writeArmor('PGP PUBLIC KEY BLOCK', bytes.value)
  const path = writeOut(call, armored)
  return accept(
    say([path === undefined ? armored.trimEnd() : `written to ${path}`], { certificate: armored }),
  )
}

/** `key check` */
export const check: Command = async (call) => {
  const named = call.args.maybe('kind') ?? 'officer'
  const kind = KINDS.find((known) => known === named)
  if (kind === undefined) throw new UsageError(`--kind is one of ${KINDS.join(', ')}`)
  const bytes = await certificateOf(call, call.args.argument(0))
  if (!bytes.ok) return bytes
  const facts = await inspectCertificate(bytes.value, kind, call.io.now())
  if (!facts.ok) return facts
  const { expiresAt, fingerprint, userIds } = facts.value
  const expires = expiresAt === null ? null : formatInstant(expiresAt)
  return accept(
    say(
      [
        `fit as ${kind}`,
        `fingerprint  ${fingerprint}`,
        `user ids     ${userIds.join(', ')}`,
        `expires      ${expires ?? 'never'}`,
      ],
      { fit: true, kind, fingerprint, user_ids: userIds, expires },
    ),
  )
}

/** The certificate in a file, or that of a key of the home: a passphrase is asked for only where no public half was kept. */
export async function certificateOf(call: Call, named: string): Promise<Result<Uint8Array>> {
  const home = openHome(homeFolder(call))
  const kept = NAME.test(named) ? home.read('keys', `${named}.pub.asc`) : undefined
  const text =
    kept ??
    (NAME.test(named) ? home.read('keys', keyName(named)) : undefined) ??
    (await readText(call, named))
  if (!text.includes(PRIVATE_BLOCK)) return readArmor(text, 'PGP PUBLIC KEY BLOCK')
  const key = await openKey(call, named, openPassphrasesOrNone(call))
  return key.ok ? accept(publicOf(key.value)) : key
}

/** `key show` takes no passphrase options: the terminal is asked. */
function openPassphrasesOrNone(call: Call): ReturnType<typeof openPassphrases> {
  const none = { maybe: () => undefined, count: () => undefined }
  return openPassphrases({ ...call, args: { ...call.args, ...none } })
}

async function fromGpg(call: Call, fingerprint: string): Promise<Result<Uint8Array>> {
  const home = call.args.maybe('gpg-home')
  const gpg = await openGpg(call.io, {
    fingerprint,
    home: home === undefined ? undefined : pathOf(call, home),
    passphrases: undefined,
  })
  return gpg.ok ? accept(gpg.value.certificate) : gpg
}

function plain(value: number | string | readonly string[] | null): string {
  if (typeof value === 'object') return value === null ? 'never' : value.join(', ')
  return String(value)
}
