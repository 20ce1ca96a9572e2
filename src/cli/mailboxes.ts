import { headAtMidnight } from '#core/directory.ts'
import { dayOf } from '#core/time.ts'
import type { Replay } from '#core/replay.ts'
import { accept, type Result } from '#core/result.ts'
import { fetchDirectory } from '#client/directory.ts'
import { unlockKey, type UnlockedKey } from '#client/openpgp.ts'
import type { Actor, Connection } from './connection.ts'
import type { Home } from './home.ts'
import type { Call } from './output.ts'
import { openPassphrases, type Passphrases } from './passphrase.ts'
import { keySigner } from './signer.ts'
import { UsageError } from './usage-error.ts'

/** What the home keeps of a mailbox. */
export interface KeptMailbox {
  readonly v: 1
  readonly id: string
  /** 32 hex digits. */
  readonly salt: string
  /** Fingerprints of its keys, the current one last: older notices open with older keys. */
  readonly keys: readonly string[]
  readonly state: 'closed' | 'enrolling' | 'open'
  /** Who may file to it, as this home's last act on it says; homes from before this was kept do not know. */
  readonly filers?: readonly string[]
}

/** A mailbox of the home, as its owner. */
export interface OwnerActor extends Actor {
  readonly mailbox: KeptMailbox
  readonly key: UnlockedKey
  readonly passphrases: Passphrases
}

/** Mailboxes of a home, whatever their state. */
export function keptMailboxes(home: Home): readonly KeptMailbox[] {
  return home
    .list('mailboxes')
    .filter((name) => /^[a-z2-7]{32}\.json$/.test(name))
    .flatMap((name) => {
      const text = home.read('mailboxes', name)
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
      return text === undefined ? [] : [JSON.parse(text) as KeptMailbox]
    })
}

/** Keeps a mailbox. */
export function keepMailbox(home: Home, mailbox: KeptMailbox): void {
  home.write('mailboxes', `${mailbox.id}.json`, `${JSON.stringify(mailbox, undefined, 2)}\n`)
}

/** Keeps a key of a mailbox, before anybody else hears of it. */
export function keepMailboxKey(home: Home, fingerprint: string, privateArmored: string): void {
  home.writeNew('mailboxes', `${fingerprint}.asc`, privateArmored)
}

/** The mailbox that `--mailbox` names, or the only open one. @throws UsageError where that is unclear. */
export function chosenMailbox(call: Call, home: Home): KeptMailbox {
  const wanted = call.args.maybe('mailbox')
  const all = keptMailboxes(home)
  const open = all.filter(({ id, state }) =>
    wanted === undefined ? state === 'open' : id === wanted,
  )
  const [only, second] = open
  if (only === undefined) {
    throw new UsageError(
      wanted === undefined
        ? 'this home has no open mailbox; make one with: dunant mailbox enrol'
        : 'this home has no such mailbox',
    )
  }
  if (second !== undefined)
    throw new UsageError(
      `which mailbox? Give --mailbox with one of ${open.map(({ id }) => id).join(', ')}`,
    )
  return only
}

/** Opens a mailbox of the home as its owner: current key unlocked, directory verified. */
export async function openOwner(call: Call, connection: Connection): Promise<Result<OwnerActor>> {
  const mailbox = chosenMailbox(call, connection.home)
  const passphrases = openPassphrases(call)
  const key = await unlockMailboxKey(connection.home, mailbox.keys.at(-1) ?? '', passphrases)
  if (!key.ok) return key
  const replay = await fetchDirectory(connection.api, connection.pins)
  if (!replay.ok) return replay
  return accept(ownerOf({ connection, mailbox, key: key.value, replay: replay.value, passphrases }))
}

/** An owner whose parts are there already. */
export function ownerOf(parts: {
  connection: Connection
  mailbox: KeptMailbox
  key: UnlockedKey
  replay: Replay
  passphrases: Passphrases
}): OwnerActor {
  return { ...parts, signer: keySigner(parts.key), by: { mailbox: parts.mailbox.id } }
}

/** Unlocks one key of a mailbox. */
export async function unlockMailboxKey(
  home: Home,
  fingerprint: string,
  passphrases: Passphrases,
): Promise<Result<UnlockedKey>> {
  const armored = home.read('mailboxes', `${fingerprint}.asc`)
  if (armored === undefined)
    throw new UsageError(`the key ${fingerprint} of the mailbox is not in ${home.folder}`)
  const open = await unlockKey(armored, '')
  if (open.ok || open.refusal.reason !== 'passphrase-wrong') return open
  const passphrase = await passphrases.next(`mailbox key ${fingerprint.slice(0, 16)}`)
  return passphrase.ok ? await unlockKey(armored, passphrase.value) : passphrase
}

/** The head that an owner names: verified, and that of midnight, so that it tells no time of day. */
export function headFor({ connection, replay }: Pick<Actor, 'connection' | 'replay'>): string {
  return headAtMidnight(replay.directory, dayOf(connection.now))
}
