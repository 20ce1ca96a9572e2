import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import type { MailCipher } from '#ports/mail-cipher.ts'
import type { Agent } from './agent.ts'
import { keptOf } from './file-campaign.ts'
import { inFolder, privateFolder, writeWhole } from './files.ts'
import { changeNotice, recordOf, secretsOf } from './notice-record.ts'
import { recipientOf } from './recipient-record.ts'

/** Where the agent writes what it cannot read again: everything in it is encrypted to a key that lies elsewhere. */
export interface Archive {
  /** Binary. */
  readonly certificate: Uint8Array
  readonly cipher: MailCipher
  readonly folder: string
  readonly retentionSeconds: number
}

/** One piece is encrypted at once, and opened at once. */
const PIECE_BYTES = 2 * 1024 * 1024

/**
 * Archives what was released and is not archived yet: brief, act and receipt of a notice, and the text and proof of every recipient. Whoever is
 * killed meanwhile begins that notice anew.
 *
 * @throws Error where the archive certificate cannot be encrypted to.
 */
export async function archiveDue(agent: Agent, archive: Archive): Promise<void> {
  for (const row of await agent.store.listNotices()) {
    const { name, phase, state } = recordOf(row)
    if (phase !== 'released' || state.archivedAt !== undefined) continue
    await forget(agent, archive, name)
    await archiveNotice(agent, archive, name)
    await changeNotice(agent, name, () => ({ state: { archivedAt: agent.now() } }))
  }
}

/** Removes what an attempt left that did not come to its end. */
async function forget(agent: Agent, archive: Archive, name: string): Promise<void> {
  const files = await agent.store.listArchived()
  for (const { matter, notice, sha256 } of files) {
    if (notice !== name) continue
    rmSync(pathOf(archive, { matter, sha256 }), { force: true })
    await agent.store.dropArchived(sha256)
  }
}

async function archiveNotice(agent: Agent, archive: Archive, name: string): Promise<void> {
  const row = await agent.store.readNotice(name)
  if (row === undefined) return
  const { matter, state } = recordOf(row)
  const place = { matter, name }
  const head = { kind: 'notice', notice: name, matter, state, ...secretsOf(agent, row) }
  await write(agent, archive, { ...place, text: `${JSON.stringify(head)}\n` })
  let lines: string[] = []
  let bytes = 0
  const flush = async (): Promise<void> => {
    if (lines.length > 0) await write(agent, archive, { ...place, text: lines.join('') })
    lines = []
    bytes = 0
  }
  for (let after = ''; ; ) {
    const products = await agent.store.listProducts(name, after)
    if (products.length === 0) break
    for (const product of products) {
      const line = await recipientLine(agent, product)
      lines.push(line)
      bytes += line.length
      if (bytes >= PIECE_BYTES) await flush()
    }
    after = products.at(-1)?.reference ?? ''
  }
  await flush()
}

async function recipientLine(
  agent: Agent,
  product: { readonly reference: string; readonly sealed: string },
): Promise<string> {
  const { reference } = product
  const recipient = await agent.store.readRecipient(reference)
  const { file, language, lines, subject } = keptOf(agent, product)
  return `${JSON.stringify({
    kind: 'recipient',
    reference,
    recipient: recipient === undefined ? null : recipientOf(agent, recipient),
    states: await agent.store.statesOf(reference),
    language,
    subject,
    text: lines.join('\n'),
    product: file,
  })}\n`
}

async function write(
  agent: Agent,
  archive: Archive,
  { matter, name, text }: { readonly matter: string; readonly name: string; readonly text: string },
): Promise<void> {
  const { certificate, cipher, folder, retentionSeconds } = archive
  const at = agent.now()
  const sealed = await cipher.encrypt({ certificate, payload: utf8(text), at })
  if (!sealed.ok) throw new Error(`the archive certificate: ${sealed.refusal.reason}`)
  const sha256 = sha256Hex(sealed.value)
  privateFolder(inFolder(folder, matter))
  // The row first: a file that no row names would never be deleted.
  await agent.store.keepArchived({
    sha256,
    matter,
    notice: name,
    bytes: sealed.value.length,
    at,
    keepUntil: at + retentionSeconds,
  })
  writeWhole(pathOf(archive, { matter, sha256 }), sealed.value)
}

function pathOf(
  { folder }: Pick<Archive, 'folder'>,
  { matter, sha256 }: { readonly matter: string; readonly sha256: string },
): string {
  return join(inFolder(folder, matter), `${sha256}.pgp`)
}

/**
 * Deletes what is past its time and not held: notices with all that belongs to them, and their archive. Gives how many notices and files.
 *
 * A clock that jumped ahead would have everything deleted at once, so whoever calls this makes sure that it did not.
 */
export async function deleteDue(
  agent: Agent,
  archive: Pick<Archive, 'folder' | 'retentionSeconds'> & {
    /** Where filings work: each leaves the signed act and the ids of mailboxes there. */
    readonly filings: string
  },
): Promise<{ readonly files: number; readonly notices: number }> {
  const { store } = agent
  const now = agent.now()
  // Asked anew for each: deleting takes its time, and a hold counts from the moment at which it was acknowledged.
  const isHeld = async (matter: string): Promise<boolean> =>
    (await store.listHolds()).some((hold) => hold.matter === matter && hold.until > now)
  let [notices, files] = [0, 0]
  for (const row of await store.listNotices()) {
    const { matter, name, state } = recordOf(row)
    const last = state.releasedAt ?? state.filedAt ?? state.draftedAt
    if (last === undefined || last + archive.retentionSeconds > now || (await isHeld(matter)))
      continue
    // The row last: whoever is killed in between finds it again.
    rmSync(inFolder(archive.filings, name), { recursive: true, force: true })
    await store.erase(name)
    notices += 1
  }
  for (const { keepUntil, matter, sha256 } of await store.listArchived()) {
    if (keepUntil > now || (await isHeld(matter))) continue
    rmSync(pathOf(archive, { matter, sha256 }), { force: true })
    await store.dropArchived(sha256)
    files += 1
  }
  return { files, notices }
}

/** A correction by more than so much is no correction. */
const JUMP_SECONDS = 3600

/** A machine that was just switched on may have the date of its board until somebody tells it the time. */
const YOUNG_MILLISECONDS = 3_600_000

/**
 * A clock that is trusted once an hour has passed, and as long as it runs as fast as the machine's own. `young` is no fault: a clock that is put
 * right in the first hour is trusted then.
 */
export function steadyClock(
  now: () => number,
  milliseconds: () => number,
): { state(): 'jumped' | 'steady' | 'young' } {
  const began = milliseconds()
  let [wall, own] = [now(), began]
  let hasJumped = false
  return {
    state: () => {
      const [nextWall, nextOwn] = [now(), milliseconds()]
      if (nextWall - wall - (nextOwn - own) / 1000 > JUMP_SECONDS) hasJumped = true
      ;[wall, own] = [nextWall, nextOwn]
      if (hasJumped) return 'jumped'
      return nextOwn - began < YOUNG_MILLISECONDS ? 'young' : 'steady'
    },
  }
}

/** The files of a matter in an archive, as their names. */
export function archivedFiles(folder: string, matter: string): readonly string[] {
  const path = inFolder(folder, matter)
  return existsSync(path)
    ? readdirSync(path)
        .filter((name) => /^[0-9a-f]{64}\.pgp$/.test(name))
        .toSorted()
    : []
}
