import { fromHex, hex, sameBytes } from '#core/bytes.ts'
import { headOf } from '#core/directory.ts'
import { verifyConsistency } from '#core/log/merkle.ts'
import type { GovernanceLink } from '#core/receipt.ts'
import type { Replay } from '#core/replay.ts'
import { accept, refuse, type Result } from '#core/result.ts'

/**
 * What a client remembers between runs, by name. Names match `[a-z0-9.-]{1,64}`.
 *
 * Losing it loses protection against an operator who shows an older state, so a write must be durable when it resolves.
 */
export interface PinStore {
  read(name: string): Promise<string | undefined>
  write(name: string, text: string): Promise<void>
}

/** Which coalition it is: from its members' own domains, never from its server. */
export interface Coalition {
  readonly origin: string
  /** Act id of the charter. */
  readonly genesis: string
}

/** A tree of the log that was seen. */
export interface SeenTree {
  readonly size: number
  readonly root: Uint8Array
  /** The signed checkpoint, verbatim: evidence, should the log ever show another history. */
  readonly note?: string
}

/** The chain of a mailbox as it was last seen. */
export interface MailboxPin {
  /** Act ids of the enrolment and of each rotation. */
  readonly links: readonly string[]
  /** Of the key that was current. */
  readonly fingerprint: string
}

/** A line as a mailbox lists it. */
export interface ListedLine {
  readonly index: number
  readonly notice: string
  readonly root: string
}

/** The lines of a mailbox as they were last seen. */
export interface LinesPin {
  readonly size: number
  readonly lines: readonly ListedLine[]
}

/**
 * Remembers which coalition this client belongs to, for ever.
 *
 * Refuses `genesis-wrong` where it belongs to another one already.
 */
export async function pinCoalition(pins: PinStore, coalition: Coalition): Promise<Result<void>> {
  const pinned = await readPin<Coalition>(pins, 'coalition')
  const isOther =
    pinned !== undefined &&
    (pinned.origin !== coalition.origin || pinned.genesis !== coalition.genesis)
  if (isOther) return refuse('genesis-wrong', `this client is pinned to ${pinned.origin}`)
  if (pinned === undefined) await writePin(pins, 'coalition', coalition)
  return accept(undefined)
}

/** The coalition that this client belongs to. Refuses `genesis-wrong` where none was pinned yet. */
export async function pinnedCoalition(pins: PinStore): Promise<Result<Coalition>> {
  const pinned = await readPin<Coalition>(pins, 'coalition')
  return pinned === undefined
    ? refuse('genesis-wrong', 'no genesis id is pinned yet')
    : accept(pinned)
}

interface ChainPin {
  readonly head: string
  readonly links: readonly GovernanceLink[]
}

/**
 * Remembers a verified governance chain, which must begin with the one remembered before.
 *
 * Refuses `directory-broken`: a chain that is shorter or took another turn is another history.
 */
export async function pinChain(pins: PinStore, replay: Replay): Promise<Result<void>> {
  const pinned = await readPin<ChainPin>(pins, 'chain')
  const { chain } = replay.directory
  if (pinned !== undefined && chain[pinned.links.length - 1]?.hash !== pinned.head) {
    return refuse(
      'directory-broken',
      'the governance chain does not begin with the one seen before',
    )
  }
  if (pinned?.links.length !== chain.length) {
    await writePin(pins, 'chain', {
      head: headOf(replay.directory),
      links: replay.links,
    } satisfies ChainPin)
  }
  return accept(undefined)
}

/** The governance chain as it was last seen, to be replayed; `undefined` before the first time. */
export async function pinnedLinks(pins: PinStore): Promise<readonly GovernanceLink[] | undefined> {
  return (await readPin<ChainPin>(pins, 'chain'))?.links
}

/**
 * Remembers a tree of the log after proving that it grew from the one remembered before.
 *
 * Refuses `checkpoint-older` for a smaller tree and `checkpoint-inconsistent` for one that did not grow from it: the log was forked, and the pin stays.
 *
 * @param prove gives the consistency proof from an older size to `tree.size`
 */
export async function pinTree(
  pins: PinStore,
  tree: SeenTree,
  prove: (oldSize: number) => Promise<Result<readonly Uint8Array[]>>,
): Promise<Result<void>> {
  const pinned = await pinnedTree(pins)
  if (pinned !== undefined) {
    if (tree.size < pinned.size)
      return refuse('checkpoint-older', `the log had ${String(pinned.size)} entries before`)
    const path = tree.size === pinned.size ? accept([]) : await prove(pinned.size)
    if (!path.ok) return path
    const claim = {
      oldSize: pinned.size,
      newSize: tree.size,
      oldRoot: pinned.root,
      newRoot: tree.root,
      path: path.value,
    }
    if (!verifyConsistency(claim).ok)
      return refuse('checkpoint-inconsistent', 'the log is not the one seen before')
    if (sameBytes(pinned.root, tree.root)) return accept(undefined)
  }
  const { note, root, size } = tree
  await writePin(pins, 'tree', { size, root: hex(root), ...(note === undefined ? {} : { note }) })
  return accept(undefined)
}

/** The tree of the log that was last seen. */
export async function pinnedTree(pins: PinStore): Promise<SeenTree | undefined> {
  const pinned = await readPin<{ size: number; root: string; note?: string }>(pins, 'tree')
  if (pinned === undefined) return undefined
  const root = fromHex(pinned.root)
  if (root === undefined) throw new Error('the pin of the log is damaged')
  return { ...pinned, root }
}

/** The chain of a mailbox that was last seen. */
export async function pinnedMailbox(
  pins: PinStore,
  mailbox: string,
): Promise<MailboxPin | undefined> {
  return await readPin<MailboxPin>(pins, `mailbox.${mailbox}`)
}

/** Remembers the chain of a mailbox, which `verifyMailbox` has held against the pin before. */
export async function pinMailbox(pins: PinStore, mailbox: string, pin: MailboxPin): Promise<void> {
  await writePin(pins, `mailbox.${mailbox}`, { links: pin.links, fingerprint: pin.fingerprint })
}

/** The lines of a mailbox that were last seen. */
export async function pinnedLines(pins: PinStore, mailbox: string): Promise<LinesPin | undefined> {
  return await readPin<LinesPin>(pins, `lines.${mailbox}`)
}

/** Remembers the lines of a mailbox, which `verifyLineList` has held against the pin before. */
export async function pinLines(pins: PinStore, mailbox: string, pin: LinesPin): Promise<void> {
  await writePin(pins, `lines.${mailbox}`, { size: pin.size, lines: pin.lines })
}

/** A pin that cannot be read must stop the client: taking it for absent would take the protection away. */
async function readPin<T>(pins: PinStore, name: string): Promise<T | undefined> {
  const text = await pins.read(name)
  if (text === undefined) return undefined
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
    return JSON.parse(text) as T
  } catch {
    throw new Error(`the pin ${name} is damaged`)
  }
}

async function writePin(pins: PinStore, name: string, value: object): Promise<void> {
  await pins.write(name, JSON.stringify(value))
}
