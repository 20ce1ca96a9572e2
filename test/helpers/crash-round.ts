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
import { startCluster } from './cluster.ts'
import type { PostgresServer } from './embedded-postgres.ts'
import { connect, pinsOf } from './filing.ts'
import { accepted } from './openpgp-keys.ts'
import { emptyDatabaseOn } from './postgres.ts'
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
  const server = await startServerProcess({ serve: {} })
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
  const load = await startLoad([server.coalition])
  const survivor = await end()
  const failures = await load.ended()
  try {
    await holdTo(survivor.coalition, load.acknowledged)
  } finally {
    await survivor.close()
    await server.clear()
  }
  return { acknowledged: load.acknowledged.length, failures }
}

/** As `crashRound`, with two servers on one PostgreSQL database that are killed one after the other. */
export async function crashRoundOnPostgres(): Promise<number> {
  const cluster = await startCluster({ processes: 2 })
  try {
    const load = await startLoad(cluster.servers)
    await cluster.kill(0)
    await sleep(randomInt(0, KILL_MILLISECONDS_MAX / 2))
    await cluster.kill(1)
    await load.ended()
    const survivor = await cluster.revive()
    try {
      await holdTo(survivor.coalition, load.acknowledged)
    } finally {
      await survivor.close()
    }
    return load.acknowledged.length
  } finally {
    await cluster.close()
  }
}

/**
 * Crashes the database under the load of two servers and starts it again: both go on, and everything acknowledged before and after is held
 * to as above.
 */
export async function databaseCrashRound(postgres: PostgresServer): Promise<number> {
  const databaseUrl = await emptyDatabaseOn(postgres.url)
  const cluster = await startCluster({ processes: 2, databaseUrl })
  try {
    const load = await startLoad(cluster.servers, { isPatient: true })
    await postgres.crash()
    const before = load.acknowledged.length
    while (load.acknowledged.length < before + CLIENTS) await sleep(10)
    expect([cluster.isUp(0), cluster.isUp(1)]).toEqual([true, true])
    const [first] = cluster.servers
    if (first === undefined) throw new Error('a cluster has a server')
    load.enough()
    await load.ended()
    await holdTo(first, load.acknowledged)
    return load.acknowledged.length
  } finally {
    await cluster.close()
  }
}

/** Clients that file acts until their servers are gone. */
export interface Load {
  readonly acknowledged: readonly string[]
  /** Lets them end although a server is still there. */
  readonly enough: () => void
  /** Waits for their end, and gives how their last requests failed. */
  readonly ended: () => Promise<readonly string[]>
}

/** Lets several clients file at once; comes back at a random moment after the first answer. */
export async function startLoad(
  servers: readonly Coalition[],
  { isPatient }: { readonly isPatient: boolean } = { isPatient: false },
): Promise<Load> {
  const acknowledged: string[] = []
  const going = { on: true, isPatient }
  const filing = servers.flatMap((server) =>
    Array.from(
      { length: CLIENTS / servers.length },
      async () => await fileUntilItDies(server, { acknowledged, going }),
    ),
  )
  // However busy the machine is, there is something to hold the server to.
  while (acknowledged.length === 0) await sleep(10)
  await sleep(randomInt(0, KILL_MILLISECONDS_MAX))
  const enough = (): void => {
    going.on = false
  }
  return { acknowledged, enough, ended: async () => await Promise.all(filing) }
}

async function fileUntilItDies(
  coalition: Coalition,
  {
    acknowledged,
    going,
  }: { acknowledged: string[]; going: { readonly on: boolean; readonly isPatient: boolean } },
): Promise<string> {
  const { contoso } = threeOf(coalition)
  while (going.on) {
    const token = sha256Hex(systemRandom(32))
    try {
      const answer = await coalition.submit('mailbox.invite', { tokens: [token] }, contoso)
      // An outage says that it is one, and promised nothing.
      if (answer.status === 503) continue
      if (answer.status !== 201) throw new Error(`not accepted: ${answer.text}`)
      acknowledged.push(String(answer.body['id']))
    } catch (error) {
      // The connection that broke was never answered; anything that was answered must have been an acceptance.
      if (error instanceof Error && error.message.startsWith('not accepted')) throw error
      if (!going.isPatient) return error instanceof Error ? error.message : ''
      await sleep(50)
    }
  }
  return ''
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
