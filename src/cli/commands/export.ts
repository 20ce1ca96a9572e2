import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { archivedFiles } from '#agent/archive.ts'
import { FileError } from '#agent/file-error.ts'
import { inFolder, privateFolder, writeWhole } from '#agent/files.ts'
import { openMessage, signDetached, type UnlockedKey } from '#client/openpgp.ts'
import { concat, utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { readLiteral } from '#core/packets.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { AGENT_NAME } from '#wire/agent.ts'
import { pathOf } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { openKey } from '#cli/signer.ts'
import { UsageError } from '#cli/usage-error.ts'

/** One file of an export, and the encrypted one that it was opened from. */
type Exported = {
  readonly archived: string
  readonly bytes: number
  readonly name: string
  readonly sha256: string
}

const MANIFEST = 'manifest.mime'
/** A key signs MIME entities and acts, and nothing else. */
const MANIFEST_HEAD = 'Content-Type: application/vnd.dunant.custody+json\r\n\r\n'

/** `export` */
export const run: Command = async (call) => {
  const { args, io } = call
  const matter = args.text('matter')
  if (!AGENT_NAME.test(matter)) throw new UsageError('--matter is the name of a matter')
  const archive = pathOf(call, args.text('archive'))
  const names = archivedFiles(archive, matter)
  if (names.length === 0) throw new FileError(`${archive} has nothing of the matter ${matter}`)
  const out = freshFolder(call)
  const passphrases = openPassphrases(call)
  const archiveKey = await openKey(call, args.text('archive-key'), passphrases)
  if (!archiveKey.ok) return archiveKey
  const signer = await openKey(call, args.text('key'), passphrases)
  if (!signer.ok) return signer
  const files: Exported[] = []
  for (const [i, name] of names.entries()) {
    const source = join(inFolder(archive, matter), name)
    const opened = await openFile(archiveKey.value, { source, name })
    if (!opened.ok) return opened
    const own = `${String(i + 1).padStart(4, '0')}.ndjson`
    writeWhole(join(out, own), opened.value, { isNew: true })
    const { length: bytes } = opened.value
    const archived = name.slice(0, 64)
    files.push({ archived, bytes, name: own, sha256: sha256Hex(opened.value) })
  }
  const manifest = {
    archive_key: archiveKey.value.fingerprint,
    at: formatInstant(io.now()),
    files,
    for: args.text('for'),
    matter,
    reason: args.text('reason'),
    signed_by: signer.value.fingerprint,
    v: 1,
  }
  const entity = concat(utf8(MANIFEST_HEAD), canonicalJson(manifest))
  const signature = await signDetached(signer.value, entity)
  writeWhole(join(out, MANIFEST), entity, { isNew: true })
  writeWhole(join(out, `${MANIFEST}.asc`), signature, { isNew: true })
  return accept(
    say(
      [
        `exported  ${String(files.length)} files of ${matter} to ${out}`,
        `custody   ${join(out, MANIFEST)}, signed: gpg --verify ${MANIFEST}.asc ${MANIFEST}`,
      ],
      manifest,
    ),
  )
}

async function openFile(
  key: UnlockedKey,
  { name, source }: { readonly name: string; readonly source: string },
): Promise<Result<Uint8Array>> {
  const sealed = new Uint8Array(readFileSync(source))
  if (`${sha256Hex(sealed)}.pgp` !== name)
    throw new FileError(`${source} is damaged: its name is not its hash`)
  const opened = await openMessage(key, sealed)
  return opened.ok ? readLiteral(opened.value) : opened
}

function freshFolder(call: Call): string {
  const out = pathOf(call, call.args.text('out'))
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new FileError(`${out} is not empty; give a new folder`)
  privateFolder(out)
  return out
}
