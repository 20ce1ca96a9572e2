import { accept, type Result } from '#core/result.ts'
import { readArmor } from '#core/packets.ts'
import { pathOf, readText } from '#cli/files.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { dataFolder, setting } from './serve.ts'

/** `backup` */
export const backup: Command = async (call) => {
  const [{ backUp }, { readServerHome }, { readEnvironment }] = await Promise.all([
    import('#entry/backup.ts'),
    import('#entry/home.ts'),
    import('#entry/config.ts'),
  ])
  const config = setting(() => readEnvironment(call.io.env))
  if (config.databaseUrl !== undefined)
    throw new UsageError(
      'PostgreSQL is backed up by its own means: see "Backup and restore" in ARCHITECTURE.md',
    )
  const home = setting(() => readServerHome(dataFolder(call), config.keys))
  const keysFor = await sealedFor(call)
  if (!keysFor.ok) return keysFor
  const out = pathOf(call, call.args.text('out'))
  const made = await backUp({ home, out, ...keysFor.value })
  return accept(
    say(
      [
        `saved ${String(made.size)} entries of the log, and ${String(made.newBlobs)} new blobs of ${String(made.blobs)}: ${made.snapshot}`,
        made.hasKeys
          ? 'The private keys are in it, encrypted.'
          : 'The private keys are not in it: keep them elsewhere (--with-keys adds them, encrypted).',
        'The memory of the log signer is not in it, and must not be: an old one would let the key sign a second log.',
      ],
      made,
    ),
  )
}

type KeysFor = { keysFor?: { passphrase: string } | { certificate: Uint8Array } }

/** Whom `--with-keys` encrypts to. */
async function sealedFor(call: Call): Promise<Result<KeysFor>> {
  const { args } = call
  const file = args.maybe('keys-for')
  if (!args.flag('with-keys')) {
    if (file !== undefined) throw new UsageError('--keys-for needs --with-keys')
    return accept({})
  }
  if (file === undefined) {
    const passphrase = await openPassphrases(call).choose('backup of the keys')
    return passphrase.ok ? accept({ keysFor: { passphrase: passphrase.value } }) : passphrase
  }
  const armored = await readText(call, file)
  const certificate = readArmor(armored, 'PGP PUBLIC KEY BLOCK')
  if (!certificate.ok) throw new FileError(`${file} is not an armored certificate`)
  return accept({ keysFor: { certificate: certificate.value } })
}
