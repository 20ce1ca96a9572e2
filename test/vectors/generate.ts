import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { sha256Hex } from '#core/hash.ts'
import { ensureKeys } from './keys.ts'
import { makeActs, makeSignatures } from './make-acts.ts'
import { makeBundle, makeMerkle, makeProofs, makeRecords } from './make-log.ts'
import { makeChallenges, makeMailboxes } from './make-mailboxes.ts'
import { makeCommitments, makeEntity } from './make-notices.ts'
import { logUnlawful, makeReceipts } from './make-receipts.ts'
import type { Contents } from './schemas.ts'
import { tellStory } from './story.ts'

// Usage: node --import tsx test/vectors/generate.ts [--force]
//
// Times, salts, nonces and keys are fixed; OpenPGP signatures and messages are not, and with them every hash over them changes.

const folder = new URL('.', import.meta.url)
if (existsSync(new URL('acts.json', folder)) && !process.argv.includes('--force')) {
  throw new Error('the vectors are there already; --force writes others in their place')
}

const keys = await ensureKeys()
const story = await tellStory(keys)
const unlawful = await logUnlawful(story)
const contents: Contents = {
  'acts.json': makeActs(story),
  'bundle.json': await makeBundle(story),
  'challenges.json': await makeChallenges(keys),
  'commitments.json': makeCommitments(story),
  'entity.json': makeEntity(story),
  'mailboxes.json': makeMailboxes(keys),
  'merkle.json': makeMerkle(),
  'receipts.json': await makeReceipts(story, unlawful),
  'records.json': makeRecords(story),
  'signatures.json': makeSignatures(story),
  'tlog-proofs.json': makeProofs(story),
}
for (const [file, content] of Object.entries(contents)) {
  writeFileSync(new URL(file, folder), `${JSON.stringify(content, undefined, 1)}\n`)
}
writeFileSync(
  new URL('bundle.ndjson', folder),
  story.bundle.lines.map((line) => `${line}\n`).join(''),
)

const sums = readdirSync(folder)
  .filter((file) => /\.(?:json|ndjson)$/.test(file))
  .toSorted()
  .map((file) => `${sha256Hex(readFileSync(new URL(file, folder)))}  ${file}\n`)
writeFileSync(new URL('SHA256SUMS', folder), sums.join(''))
