import { expect } from 'vitest'
import { generateServiceKey, openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { auditLog } from '#client/audit.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { PinStore } from '#client/pins.ts'
import { base64 } from '#core/bytes.ts'
import { headOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import type { Replay } from '#core/replay.ts'
import { DAY_SECONDS } from '#core/time.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import type { HttpPorts } from '#http/app.ts'
import { buildReceipt } from '#service/build-receipt.ts'
import { openDirectory, openLogKeys } from '#service/read-directory.ts'
import { runDue, UNFILED_DAYS } from '#service/run-due.ts'
import { heldBefore, openSequencer } from '#service/sequence-log.ts'
import { openTag, UPLOADS_MAX } from '#service/upload-bundle.ts'
import { parseAct } from '#wire/act.ts'
import { clientsOf, type Coalition, composeCharter, ORIGIN, QUORUMS } from './coalition.ts'
import { BEGIN, cached, companyKey, type Company } from './coalition-keys.ts'
import { recordedEvents, settableClock, type SettableClock } from './coalition-server.ts'
import type { Scene } from './fault-attempts.ts'
import { type Injector, faultInjector } from './fault-injector.ts'
import type { Ground, Stores } from './fault-ground.ts'
import { connect, pinsOf } from './filing.ts'
import { accepted } from './openpgp-keys.ts'
import { unlimited } from './unlimited.ts'

/** A coalition whose process may end at any moment, and everything it ever acknowledged. */
export interface World extends Scene {
  readonly ground: Ground
  readonly clock: SettableClock
  readonly injector: Injector
  /** Ends the process without a word and starts another one on what it left. */
  readonly restart: () => Promise<void>
  /** Notes that an act was acknowledged. */
  readonly acknowledge: (act: string) => void
  /** Holds the process to what it acknowledged: each of these acts is there, once, and its receipt verifies; nothing waits or lags. */
  readonly holdTo: (ids: readonly string[]) => Promise<void>
  /** Audits the whole log, as a client that saw it at the last audit. */
  readonly audit: () => Promise<void>
  readonly acknowledged: ReadonlySet<string>
  readonly events: readonly string[]
  readonly close: () => Promise<void>
}

const DOMAINS = ['contoso.example', 'fabrikam.example', 'litware.example']

/** A process has its own directory and sequencer; the rest of what it knows it reads. */
async function boot(
  parts: Pick<World, 'clock' | 'injector' | 'ground'> & { events: string[]; secret: Uint8Array },
  genesis: string,
): Promise<{ ports: HttpPorts; stores: Stores; vkey: string }> {
  const { clock, ground, injector, secret } = parts
  const stores = await ground.open()
  const service = await cached(
    'service',
    async () => await generateServiceKey({ origin: ORIGIN, date: BEGIN - 86_400 }),
  )
  const crypto = await openServiceCrypto({ privateKeyArmored: service.privateArmored, clock })
  const storage = injector.storage(stores.storage)
  const acts = { parse: parseAct }
  const events = recordedEvents(parts.events)
  const signer = injector.signer(stores.signer, ground.tearMemory)
  const directory = openDirectory({ acts, crypto, storage, origin: ORIGIN })
  const sequencer = openSequencer({
    clock,
    events,
    logKeyAfter: openLogKeys(directory),
    random: systemRandom,
    signer,
    storage,
  })
  const ports: HttpPorts = {
    acts,
    admission: unlimited(clock),
    blobs: injector.blobs(stores.blobs),
    challengeSecret: secret,
    clock,
    crypto,
    directory,
    events,
    genesis,
    origin: ORIGIN,
    random: systemRandom,
    sequencer,
    storage,
    templates: new Map(),
  }
  const [vkey = ''] = (await signer.state()).vkeys
  return { ports, stores, vkey }
}

/** Starts the first process on a ground and founds a coalition of three; `charter` does it in another way. */
export async function openWorld(
  ground: Ground,
  found: (world: World, charter: Charter) => Promise<void> = founding,
): Promise<World> {
  const clock = settableClock()
  const injector = faultInjector()
  const events: string[] = []
  const companies = await Promise.all(DOMAINS.map(async (domain) => await companyKey(domain)))
  const parts = { clock, injector, ground, events, secret: systemRandom.bytes(32) }
  const first = await boot(parts, '')
  const charter = composeCharter(companies, {
    log_key: first.vkey,
    quorums: QUORUMS,
    service_certificate: base64(first.ports.crypto.serviceCertificate),
    templates: [],
    witnesses: { keys: [], quorum: 0 },
  })
  await first.stores.close()
  const genesis = sha256Hex(charter)
  const acknowledged = new Set<string>()
  let process = await boot(parts, genesis)
  let coalition = coalitionOf(process, parts, companies)
  let pins: PinStore | undefined
  const knownPins = async (): Promise<PinStore> => (pins ??= await pinsOf(coalition))
  const replays = new Map<string, Replay>()
  const world: World = {
    ground,
    clock,
    injector,
    coalition: () => coalition,
    makeRoom: async () => {
      await dropUnfiled(world)
    },
    restart: async () => {
      await process.stores.close()
      process = await boot(parts, genesis)
      coalition = coalitionOf(process, parts, companies)
      // As a server does before it listens.
      await process.ports.directory.current()
      await process.ports.sequencer.flush()
    },
    acknowledge: (act) => acknowledged.add(act),
    acknowledged,
    events,
    holdTo: async (ids) => {
      await holdToSizes(world)
      if (ids.length === 0) return
      const head = headOf(await coalition.ports.directory.current())
      const replay =
        replays.get(head) ?? accepted(await fetchDirectory(connect(coalition), await knownPins()))
      replays.set(head, replay)
      for (const id of ids) await holdToAct(world, replay, id)
    },
    audit: async () => {
      const { size } = accepted(await auditLog(connect(coalition), await knownPins()))
      expect(size).toBe((await coalition.ports.storage.logHead())?.size)
    },
    close: async () => {
      await process.stores.close()
      await ground.clear()
    },
  }
  const signatures = await Promise.all(
    companies.map(async (company) => await coalition.sign(company, charter)),
  )
  await found(world, { payload: charter, signatures })
  return world
}

/** Uploads that nobody filed are swept away before they fill the party's quota. */
async function dropUnfiled({ clock, coalition }: World): Promise<void> {
  const { ports } = coalition()
  const tag = openTag(DOMAINS[0] ?? '')
  const page = { kind: 'bundle', tag, after: '', limit: UPLOADS_MAX }
  if ((await ports.storage.listSubjects(page)).length < UPLOADS_MAX - 2) return
  clock.advance((UNFILED_DAYS + 1) * DAY_SECONDS)
  await runDue(ports)
}

/** A charter and the signatures of its founders. */
export interface Charter {
  readonly payload: Uint8Array
  readonly signatures: readonly string[]
}

/** Founds the coalition, or is told that it was founded; gives the id of the charter. */
export async function posted(world: World, { payload, signatures }: Charter): Promise<string> {
  const { body, status, text } = await world.coalition().post(payload, ...signatures)
  if (status !== 201 && status !== 200) throw new Error(`the charter was refused: ${text}`)
  return String(body['id'])
}

async function founding(world: World, charter: Charter): Promise<void> {
  world.acknowledge(await posted(world, charter))
}

function coalitionOf(
  { ports, vkey }: { ports: HttpPorts; vkey: string },
  parts: Pick<World, 'clock' | 'events'>,
  companies: readonly Company[],
): Coalition {
  return clientsOf({
    ports,
    clock: parts.clock,
    events: [...parts.events],
    folder: '',
    vkey,
    companies,
  })
}

/** What is committed, what the signer remembers and what is published are one size, and no record is left out. */
async function holdToSizes(world: World): Promise<void> {
  const { storage } = world.coalition().ports
  const size = (await storage.logHead())?.size
  const published = await storage.latestCheckpoint()
  expect([await world.ground.signedSize(), published?.size]).toEqual([size, size])
  expect(await storage.pendingRecords(heldBefore(world.clock.now()), 10)).toEqual([])
}

/** The act is there, each of its events once, and its receipt verifies for somebody who has only the chain. */
async function holdToAct(world: World, replay: Replay, id: string): Promise<void> {
  const { ports } = world.coalition()
  const row = await ports.storage.findAct(id)
  if (row === undefined) throw new Error(`an acknowledged act is gone: ${id}`)
  const records = await ports.storage.recordsOf(id)
  const events = records.map(({ event }) => event)
  expect(new Set(events).size, `${row.type} ${events.join()}`).toBe(records.length)
  expect(records.length, row.type).toBeGreaterThan(0)
  const parsed = accepted(parseAct(row.payload))
  const receipt = await buildReceipt(ports, parsed, { withChain: false })
  if (receipt === undefined) {
    expect(
      records.every(({ hold }) => hold !== undefined),
      row.type,
    ).toBe(true)
    return
  }
  const anchor = { origin: ORIGIN, genesis: ports.genesis, replay }
  const verified = accepted(await verifyReceipt(receipt, anchor, parseAct))
  expect(verified.parsed.id).toBe(id)
}
