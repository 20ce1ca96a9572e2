// A lock folder for one piece of work at a time, also after its owner was killed.
import { mkdirSync, readdirSync, rmdirSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** A folder without an owner in it is one whose owner died between two system calls. */
const OWNERLESS_MS_MAX = 10_000
const WAIT_MS_MAX = 15 * 60_000
const NOBODY = 'nobody'

/** Runs `work` while this process, and no other on this machine, holds the folder. */
export async function withLock(folder, work) {
  const giveUpAt = Date.now() + WAIT_MS_MAX
  let told = false
  for (let owner = take(folder); owner !== undefined; owner = take(folder)) {
    if (Date.now() > giveUpAt) throw new Error(`process ${owner} holds ${folder} for too long`)
    if (owner !== NOBODY && !told) console.error(`Waiting for process ${owner} to finish.`)
    told ||= owner !== NOBODY
    await sleep(100)
  }
  try {
    return await work()
  } finally {
    unlinkSync(`${folder}/${process.pid}`)
    rmdirSync(folder)
  }
}

/** Takes the folder and returns `undefined`, or names the process to wait for. */
function take(folder) {
  try {
    mkdirSync(folder)
    writeFileSync(`${folder}/${process.pid}`, '')
    return undefined
  } catch (error) {
    if (error.code === 'EEXIST') return clearDead(folder)
    if (error.code === 'ENOENT') return NOBODY
    throw error
  }
}

/** Frees the folder of a dead owner. The owner's id is the file name, so no racer can remove a newer owner's file. */
function clearDead(folder) {
  try {
    const [owner] = readdirSync(folder)
    if (owner !== undefined && isAlive(Number(owner))) return owner
    if (owner !== undefined) unlinkSync(`${folder}/${owner}`)
    else if (Date.now() - statSync(folder).mtimeMs < OWNERLESS_MS_MAX) return NOBODY
    rmdirSync(folder)
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'ENOTEMPTY') throw error
  }
  return NOBODY
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
