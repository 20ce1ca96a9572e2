import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { auditLog } from '#client/audit.ts'
import { fetchDirectory } from '#client/directory.ts'
import { hex } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { systemRandom } from '#client/random.ts'
import { parseAct } from '#wire/act.ts'
import { type Coalition, ORIGIN, threeOf } from './coalition.ts'
import { connect, pinsOf } from './filing.ts'
import { accepted } from './openpgp-keys.ts'
import { type ServerProcess, startServerProcess, type Survivor } from './server-process.ts'

const CLIENTS = 8
const KILL_MILLISECONDS_MAX = 600

/** What clients saw while a server ended under load. */
export interface Round {
  readonly acknowledged: number
  /** How requests failed that were not answered. */
  readonly failures: readonly string[]
}

/** Kills with `kill -9` at a random moment and gives the number of acts that were acknowledged. */
export async function crashRound(): Promise<number> {
  const server = await startServerProcess()
  const { acknowledged } = await endRound(server, async () => await server.crash())
  return acknowledged
}

/**
 * Loads a server process with acts, ends it at a random moment, starts another one on its files, and holds it to every answer that was
 * given: the act is there once, its receipt verifies, and the log audits clean.
 */
export async function endRound(
  server: ServerProcess,
  end: () => Promise<Survivor>,
): Promise<Round> {
  const acknowledged: string[] = []
  const failures: string[] = []
  const filing = Array.from({ length: CLIENTS }, async () => {
    failures.push(await fileUntilItDies(server.coalition, acknowledged))
  })
  // However busy the machine is, there is something to hold the server to.
  while (acknowledged.length === 0) await sleep(10)
  await sleep(randomInt(0, KILL_MILLISECONDS_MAX))
  const survivor = await end()
  await Promise.all(filing)
  try {
    await holdTo(survivor.coalition, acknowledged)
  } finally {
    await survivor.close()
    await server.clear()
  }
  return { acknowledged: acknowledged.length, failures }
}

async function fileUntilItDies(coalition: Coalition, acknowledged: string[]): Promise<string> {
  const { contoso } = threeOf(coalition)
  for (;;) {
    const token = sha256Hex(systemRandom(32))
    try {
      const answer = await coalition.submit('mailbox.invite', { tokens: [token] }, contoso)
      if (answer.status !== 201) throw new Error(`not accepted: ${answer.text}`)
      acknowledged.push(String(answer.body['id']))
    } catch (error) {
      // The connection that broke was never answered; anything that was answered must have been an acceptance.
      if (error instanceof Error && error.message.startsWith('not accepted')) throw error
      return error instanceof Error ? error.message : ''
    }
  }
}

/** Holds a server to what it acknowledged: each act is there once, its receipt verifies, the log audits clean, and it goes on. */
export async function holdTo(coalition: Coalition, acknowledged: readonly string[]): Promise<void> {
  expect(new Set(acknowledged).size).toBe(acknowledged.length)
  const { contoso } = threeOf(coalition)
  const api = connect(coalition, await coalition.session(contoso))
  const pins = await pinsOf(coalition)
  const replay = accepted(await fetchDirectory(api, pins))
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis, replay }
  const places = new Set<number>()
  for (const id of acknowledged) {
    const receipt = accepted(await api.readReceipt(id, { withChain: false }))
    const verified = accepted(await verifyReceipt(receipt, anchor, parseAct))
    expect([verified.parsed.id, verified.record.event]).toEqual([id, 'adopted'])
    places.add(verified.leafIndex)
  }
  expect(places.size).toBe(acknowledged.length)
  expect(accepted(await auditLog(api, pins)).size).toBeGreaterThan(acknowledged.length)
  // And it goes on.
  const token = hex(systemRandom(32))
  const next = await coalition.submit('mailbox.invite', { tokens: [token] }, contoso)
  expect(next.status).toBe(201)
}
