import { join } from 'node:path'
import Database from 'better-sqlite3'
import { composeAct } from '#client/act.ts'
import { inFlight } from '#client/in-flight.ts'
import { signDetached } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { base64, hex } from '#core/bytes.ts'
import { readArmor } from '#core/packets.ts'
import { ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import {
  type Contender,
  type Group,
  interleave,
  perSecond,
  speedRatio,
  wallMeter,
} from './measure.ts'
import { CLIENTS, postAll } from './post.ts'
import { type BareSignature, bareKey, bareSignature, verifyBare } from './primitives.ts'
import { type BenchServer, COMPANY, openServer } from './server.ts'

/** Acts over HTTP: verified, durable, logged and answered with a receipt. */
export const acts: Group = {
  name: 'acts',
  lines: ['acts-verify', 'acts-insert'],
  run: async (effort, print) => {
    const server = await openServer()
    try {
      const times = effort.isQuick ? 256 : 2048
      const samples = Math.min(effort.samples, effort.isQuick ? 3 : 7)
      const sample = await signedAct(server)
      const insert = insertContender(server, sample)
      const contenders = [httpContender(server, times), verifyContender(sample.bare), insert]
      const [http, raw, rows] = await interleave(contenders, { ...effort, samples })
      insert.close()
      const line = {
        goal: 0.3,
        better: 'higher',
        value: perSecond(http),
        unit: 'acts per second',
        samples,
      } as const
      print({
        ...line,
        name: 'acts-verify',
        ratio: speedRatio(http, raw),
        reference: `${String(perSecond(raw))} per second: crypto.verify Ed25519 on one core`,
      })
      print({
        ...line,
        name: 'acts-insert',
        ratio: speedRatio(http, rows),
        reference: `${String(perSecond(rows))} per second: the same bytes inserted by better-sqlite3 on the same disk, WAL, synchronous=FULL, ${String(CLIENTS)} in a transaction`,
      })
    } finally {
      await server.close()
    }
  },
}

interface SignedAct {
  readonly payload: Uint8Array
  readonly packet: Uint8Array
  readonly armored: string
  readonly bare: BareSignature
}

async function signedAct({ head, member }: BenchServer): Promise<SignedAct> {
  const payload = composeAct({
    type: 'mailbox.invite',
    body: { tokens: [hex(systemRandom(32))] },
    by: { party: COMPANY },
    directory: head,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const armored = await signDetached(member.key, payload, { at: NOW })
  const packet = accepted(readArmor(armored, 'PGP SIGNATURE'))
  const bare = bareSignature(packet, payload, bareKey(member.certificate, 'primaryKey'))
  return { payload, packet, armored, bare }
}

/** Requests with acts that nobody has sent before. */
export async function actBodies(server: BenchServer, count: number): Promise<string[]> {
  const made: string[] = []
  const one = async (): Promise<SignedAct> => await signedAct(server)
  for await (const { armored, payload } of inFlight(Array.from({ length: count }), one))
    made.push(JSON.stringify({ payload: base64(payload), signatures: [armored] }))
  return made
}

function httpContender(server: BenchServer, times: number): Contender {
  let prepared: string[] = []
  return {
    times,
    meter: wallMeter,
    prepare: async () => {
      prepared = await actBodies(server, times)
    },
    run: async () => await postAll(`${server.url}/api/acts`, prepared),
  }
}

function verifyContender(bare: BareSignature): Contender {
  return {
    meter: wallMeter,
    run: (times) => {
      for (let turn = 0; turn < times; turn++)
        if (!verifyBare(bare)) throw new Error('a signature does not verify')
    },
  }
}

/** The least that keeping an act durably takes: one row, in the largest group that the same clients could form. */
function insertContender(
  { folder }: BenchServer,
  { packet, payload }: SignedAct,
): Contender & { readonly close: () => void } {
  const database = new Database(join(folder, 'bare.sqlite'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec(
    'create table act (id blob primary key, payload blob, signature blob) without rowid',
  )
  const insert = database.prepare('insert into act (id, payload, signature) values (?, ?, ?)')
  const group = database.transaction((count: number) => {
    for (let i = 0; i < count; i++) insert.run(systemRandom(32), payload, packet)
  })
  return {
    meter: wallMeter,
    run: (times) => {
      for (let done = 0; done < times; done += CLIENTS) group(Math.min(CLIENTS, times - done))
    },
    close: () => database.close(),
  }
}
