import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemRandom } from '#client/random.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { fetchDirectory } from '#client/directory.ts'
import { type Cluster, startCluster } from '#test/helpers/cluster.ts'
import { type Answered, type Coalition, type Company, threeOf } from '#test/helpers/coalition.ts'
import { companyKey, customerKey } from '#test/helpers/coalition-keys.ts'
import { holdTo } from '#test/helpers/crash-round.ts'
import { connect, pinsOf } from '#test/helpers/filing.ts'
import { bundleFor, idOf, noticeBody, upload } from '#test/helpers/notices.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

// Four real servers on one PostgreSQL with one log signer. A lock on a table that every write touches lets all of them read and decide, and
// none write, until enough of them wait: one batch of commits of each process, and behind it whatever else that has decided meanwhile.

const PROCESSES = 4
const LAST_SIGNATURES = 20
const DOMAINS = [
  'contoso.example',
  'fabrikam.example',
  'litware.example',
  ...Array.from({ length: LAST_SIGNATURES }, (_, i) => `member-${String(i)}.example`),
]

let cluster: Cluster
let gate: Client
/** What is seen of the other connections stays as it was within a transaction, so that the gate cannot look itself. */
let watch: Client

beforeAll(async () => {
  // Two votes admit a partner, and two suspend: every vote but the first is the last one.
  cluster = await startCluster({
    processes: PROCESSES,
    domains: DOMAINS,
    quorums: { admit: [2, DOMAINS.length], suspend: [1, DOMAINS.length] },
  })
  gate = new Client({ connectionString: cluster.databaseUrl })
  watch = new Client({ connectionString: cluster.databaseUrl })
  await Promise.all([gate.connect(), watch.connect()])
})
afterAll(async () => {
  await Promise.all([gate.end(), watch.end()])
  await cluster.close()
})

function server(index: number): Coalition {
  const found = cluster.servers[index % PROCESSES]
  if (found === undefined) throw new Error('there are fewer servers')
  return found
}

/** Starts all of them, lets so many come as far as their write, and then lets them go. */
async function race(
  waiting: number,
  racers: readonly (() => Promise<Answered>)[],
): Promise<readonly Answered[]> {
  await gate.query('begin')
  await gate.query('lock table guard in access exclusive mode')
  const answers = Promise.all(racers.map(async (racer) => await racer()))
  while ((await writersWaiting()) < waiting) await sleep(10)
  await gate.query('commit')
  return await answers
}

async function writersWaiting(): Promise<number> {
  const { rows } = await watch.query<{ waiting: string }>(
    `select count(*) as waiting from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`,
  )
  return Number(rows[0]?.waiting)
}

async function admission(name: string): Promise<{ id: string; payload: Uint8Array }> {
  const { contoso } = threeOf(server(0))
  const partner = await companyKey(name)
  const challenge = await server(0).challenge(partner.key, partner.certificateBytes, 'officer')
  const officers = [{ certificate: partner.certificate, challenge, duties: DUTIES }]
  const body = { domain: name, kind: 'partner', officers } as const
  const payload = await server(0).compose('party.admit', body, contoso)
  const submitted = await server(0).post(payload, await server(0).sign(contoso, payload))
  return { id: idOf(submitted), payload }
}

function members(): readonly Company[] {
  return server(0).companies.slice(3)
}

function statusesOf(answers: readonly Answered[]): readonly number[] {
  return answers.map(({ status }) => status).toSorted((a, b) => a - b)
}

async function expectOneRecord(act: string, event: string): Promise<void> {
  const { rows } = await gate.query<{ count: string }>(
    'select count(*) as count from log_record where act = $1 and event = $2',
    [act, event],
  )
  expect(Number(rows[0]?.count)).toBe(1)
}

async function directoryNow() {
  return accepted(await fetchDirectory(connect(server(1)), await pinsOf(server(1)))).directory
}

test('of twenty last signatures under one act one completes it', async () => {
  const { id, payload } = await admission('partner.example')
  const racers = await Promise.all(
    members().map(async (member, i) => {
      const signature = await server(i).sign(member, payload)
      return async () => await server(i).cosign(id, signature)
    }),
  )
  const answers = await race(PROCESSES, racers)
  const completed = answers.filter(({ status }) => status === 201)
  expect(completed.map(({ body }) => body['status'])).toEqual(['effective'])
  const others = answers.filter(({ status }) => status !== 201)
  expect(new Set(others.map(({ reason }) => reason))).toEqual(new Set(['act-not-pending']))
  await expectOneRecord(id, 'adopted')
  expect((await directoryNow()).parties.get('partner.example')?.status).toBe('active')
})

test('a party that is suspended while it votes has voted before, or not at all', async () => {
  const { contoso, fabrikam } = threeOf(server(0))
  const [target] = members()
  if (target === undefined) throw new Error('there is no member')
  const { id, payload } = await admission('other-partner.example')
  const vote = await server(1).sign(target, payload)
  const body = { domain: target.domain, reason: 'conduct' } as const
  const suspension = await server(2).compose('party.suspend', body, contoso)
  const votes = [
    await server(2).sign(contoso, suspension),
    await server(2).sign(fabrikam, suspension),
  ]
  const [voted, suspended] = await race(2, [
    async () => await server(1).cosign(id, vote),
    async () => await server(2).post(suspension, ...votes),
  ])
  expect(suspended?.status, suspended?.text).toBe(201)
  // Replaying the chain holds every link against the roster before it.
  const { parties } = await directoryNow()
  expect(parties.get(target.domain)?.status).toBe('suspended')
  expect(parties.has('other-partner.example')).toBe(voted?.status === 201)
})

test('of two rotations of one mailbox one takes place', async () => {
  const own = await server(0).enrol('anna', ['contoso.example'])
  const racers = await Promise.all(
    ['berta', 'carla'].map(async (name, i) => {
      const { certificateBytes, key } = await customerKey(name)
      const challenge = await server(i).challenge(key, certificateBytes, 'mailbox')
      const body = { certificate: base64(certificateBytes), challenge }
      const payload = await server(i).compose('mailbox.rotate', body, own)
      const signature = await server(i).sign(own, payload)
      return async () => await server(i).post(payload, signature)
    }),
  )
  const answers = await race(2, racers)
  expect(statusesOf(answers)).toEqual([201, 403])
})

test('of two filings of one bundle, uploaded by two at once, one is filed', async () => {
  const { contoso } = threeOf(server(0))
  const bundle = await bundleFor(server(0), contoso, [])
  const tokens = [await server(0).session(contoso), await server(1).session(contoso)]
  const uploads = await race(
    2,
    tokens.map((token, i) => async () => await upload(server(i), token, bundle)),
  )
  for (const { status } of uploads) expect(status).toBeOneOf([200, 201, 409])
  const again = await upload(server(2), tokens[0] ?? '', bundle)
  expect(again.status, again.text).toBe(201)
  const filings = await Promise.all(
    [0, 1, 2, 3].map(async (i) => {
      const payload = await server(i).compose('notice.file', noticeBody(contoso, bundle), contoso)
      const signature = await server(i).sign(contoso, payload)
      return async () => await server(i).post(payload, signature)
    }),
  )
  const answers = await race(4, filings)
  expect(statusesOf(answers)).toEqual([201, 409, 409, 409])
})

test('acts that have nothing in common all pass, and the log has each once and no gap', async () => {
  const { contoso } = threeOf(server(0))
  const racers = Array.from({ length: 40 }, (_, i) => async () => {
    const body = { tokens: [sha256Hex(systemRandom(32))] }
    return await server(i).submit('mailbox.invite', body, contoso)
  })
  const answers = await race(PROCESSES, racers)
  await holdTo(
    server(3),
    answers.map((answer) => idOf(answer)),
  )
})
