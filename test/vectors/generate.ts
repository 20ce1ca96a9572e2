import { existsSync, writeFileSync } from 'node:fs'
import { ensureKeys } from './keys.ts'
import { makeActs, makeSignatures } from './make-acts.ts'
import { makeBundle, makeMerkle, makeProofs, makeRecords } from './make-log.ts'
import { makeChallenges, makeMailboxes } from './make-mailboxes.ts'
import { makeCommitments, makeEntity } from './make-notices.ts'
import { makeLater, tellLater } from './later.ts'
import { logUnlawful, makeReceipts } from './make-receipts.ts'
import type { Contents } from './schemas.ts'
import { tellStory } from './story.ts'
import { writeSums } from './sums.ts'

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
const receipts = await makeReceipts(story, unlawful)
const [proofs, records] = [makeProofs(story), makeRecords(story)]
// What follows makes the log longer.
const later = await makeLater(await tellLater(story))
/** Check codes and their lists come from other programs, the .py beside, so that the code under test does not vouch for itself. */
const contents: Omit<Contents, 'check-codes.json' | 'check-lists.json'> = {
  'acts.json': makeActs(story),
  'bundle.json': await makeBundle(story),
  'challenges.json': await makeChallenges(keys),
  'commitments.json': makeCommitments(story),
  'entity.json': makeEntity(story),
  'mailboxes.json': makeMailboxes(keys),
  'merkle.json': makeMerkle(),
  'receipts.json': {
    ...receipts,
    valid: [...receipts.valid, ...later.valid],
    refused: [...receipts.refused, ...later.refused],
  },
  'records.json': records,
  'signatures.json': makeSignatures(story),
  'tlog-proofs.json': proofs,
}
for (const [file, content] of Object.entries(contents)) {
  writeFileSync(new URL(file, folder), `${JSON.stringify(content, undefined, 1)}\n`)
}
writeFileSync(
  new URL('bundle.ndjson', folder),
  story.bundle.lines.map((line) => `${line}\n`).join(''),
)

writeSums(folder)
