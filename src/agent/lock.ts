import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { kill, pid } from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from './files.ts'
import { Busy } from './busy.ts'

/** A folder without an owner in it is one whose owner died between two system calls. */
const OWNERLESS_MS_MAX = 10_000
const POLL_MS = 50
const NOBODY = 'nobody'

/** Folders that this very process holds: in a container its id may be the one that a killed predecessor left. */
const held = new Set<string>()

/** Held by one process at a time. */
export interface Lock {
  release(): void
}

/**
 * Takes a lock folder, also one whose owner was killed.
 *
 * @throws Busy where another process holds it for longer than `waitMs`.
 */
export async function takeLock(folder: string, waitMs: number): Promise<Lock> {
  const giveUpAt = Date.now() + waitMs
  for (let owner = take(folder); owner !== undefined; owner = take(folder)) {
    if (Date.now() > giveUpAt) throw new Busy(`process ${owner} holds ${folder}`)
    await sleep(POLL_MS)
  }
  return {
    release: () => {
      held.delete(folder)
      try {
        unlinkSync(ownFile(folder))
        rmdirSync(folder)
      } catch {
        // The disk lets nothing be removed, or the folder is gone. Whoever comes next finds that the owner is dead.
      }
    },
  }
}

/** Takes the folder and returns `undefined`, or names the process to wait for. */
function take(folder: string): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 })
    writeFileSync(ownFile(folder), '')
    held.add(folder)
    return undefined
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return clearDead(folder)
    if (codeOf(error) === 'ENOENT') return NOBODY
    throw error
  }
}

/** Frees the folder of a dead owner. The owner's id is the file name, so that no racer removes a newer owner's file. */
function clearDead(folder: string): string {
  try {
    const [owner] = readdirSync(folder)
    if (owner !== undefined && isHeld(folder, Number(owner))) return owner
    if (owner !== undefined) unlinkSync(`${folder}/${owner}`)
    else if (Date.now() - statSync(folder).mtimeMs < OWNERLESS_MS_MAX) return NOBODY
    rmdirSync(folder)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'ENOTEMPTY') throw error
  }
  return NOBODY
}

function ownFile(folder: string): string {
  return `${folder}/${String(pid)}`
}

function isHeld(folder: string, owner: number): boolean {
  if (owner === pid) return held.has(folder)
  try {
    kill(owner, 0)
    return true
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}
