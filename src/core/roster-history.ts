import { type Directory, headOf } from './directory.ts'

/** The rosters that a chain has gone through, by head. */
export interface RosterHistory {
  /** Takes the directory that follows the last one by one link. */
  add(next: Directory): void
  /** The directory as of a head; `undefined` for one that it never had. */
  at(head: string): Directory | undefined
}

/** A directory without its chain, which is a beginning of the last one's. */
interface Roster extends Omit<Directory, 'chain'> {
  readonly links: number
}

/**
 * Begins a history. It keeps what each link changed: the maps of two directories share all else, and their chains are one. Copies would
 * take memory that grows with the square of the chain.
 */
export function rosterHistory(first: Directory): RosterHistory {
  const byHead = new Map<string, Roster>()
  let { chain } = first
  const add = (next: Directory): void => {
    const { chain: links, ...roster } = next
    chain = links
    byHead.set(headOf(next), { ...roster, links: links.length })
  }
  add(first)
  return {
    add,
    at: (head) => {
      const found = byHead.get(head)
      if (found === undefined) return undefined
      const { links, ...roster } = found
      return { ...roster, chain: chain.slice(0, links) }
    },
  }
}
