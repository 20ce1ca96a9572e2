import { composeAct } from '#client/act.ts'
import { fetchDirectory, pinnedDirectory } from '#client/directory.ts'
import { type Api, openApi, type SubmittedAct } from '#client/http.ts'
import { type Coalition, pinCoalition, pinnedCoalition, type PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import type { Author } from '#core/act.ts'
import type { ActBodies, ActType } from '#core/act-bodies.ts'
import { headAtMidnight, headOf, ownerOf } from '#core/directory.ts'
import type { Replay } from '#core/replay.ts'
import { dayOf } from '#core/time.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { TrustAnchor } from '#core/verify-receipt.ts'
import { type Home, homeFolder, openHome } from './home.ts'
import type { Call } from './output.ts'
import { openPassphrases, type Passphrases } from './passphrase.ts'
import { rememberOwnAct } from './own-acts.ts'
import { openSigner, type Signer } from './signer.ts'
import { UsageError } from './usage-error.ts'

const NONCE_BYTES = 16
const SETTINGS = 'server.json'
/** An officer's `session.open` is used at once. */
const SESSION_SECONDS = 600

/** The server of the coalition that this home belongs to, and what is remembered of it. */
export interface Connection {
  readonly api: Api
  readonly url: string
  readonly home: Home
  readonly pins: PinStore
  readonly coalition: Coalition
  readonly now: number
}

/** Somebody who acts: who they are, and what they verified. */
export interface Actor {
  readonly connection: Connection
  readonly signer: Signer
  readonly by: Author
  readonly replay: Replay
}

/** An officer of a party. */
export interface OfficerActor extends Actor {
  readonly party: string
}

/** Connects to the coalition that the options or the home name. Refuses `genesis-wrong` for another one than is pinned. */
export async function connect(call: Call, home: Home): Promise<Result<Connection>> {
  const pins = pinStore(home)
  const coalition = await coalitionOf(call, pins)
  if (!coalition.ok) return coalition
  const url = call.args.maybe('server') ?? home.read('pins', SETTINGS)?.trim()
  if (url === undefined)
    throw new UsageError('which server? Give --server URL, or pin one with: dunant directory pin')
  const connection = {
    api: api(url),
    url,
    home,
    pins,
    coalition: coalition.value,
    now: call.io.now(),
  }
  const met = await meet(connection)
  return met.ok ? accept(connection) : met
}

/** Pins a coalition at the first contact, once its chain was verified from the genesis id on: a slip of the pen is not kept for ever. */
async function meet(connection: Connection): Promise<Result<void>> {
  const { api: server, coalition, home, pins } = connection
  const known = await pinnedCoalition(pins)
  if (!known.ok) {
    const trial = memoryPins()
    const offered = await pinCoalition(trial, coalition)
    const replay = offered.ok ? await fetchDirectory(server, trial) : offered
    if (!replay.ok) return replay
    const pinned = await pinCoalition(pins, coalition)
    if (!pinned.ok) return pinned
  }
  if (home.read('pins', SETTINGS) === undefined) keepServer(connection)
  return accept(undefined)
}

function memoryPins(): PinStore {
  const kept = new Map<string, string>()
  return {
    read: async (name) => await Promise.resolve(kept.get(name)),
    write: async (name, text) => {
      kept.set(name, text)
      await Promise.resolve()
    },
  }
}

/** Remembers the server, so that it need not be given again. */
export function keepServer({ home, url }: Connection): void {
  home.write('pins', SETTINGS, `${url}\n`)
}

/** What a verifier trusts: coalition and, where it was fetched before, the chain. Asks no server and changes nothing. */
export async function anchorOf(call: Call): Promise<Result<TrustAnchor>> {
  const pins = pinStore(openHome(homeFolder(call)))
  const coalition = await coalitionOf(call, pins)
  if (!coalition.ok) return coalition
  const replay = await pinnedDirectory(pins)
  return accept({ ...coalition.value, ...(replay.ok ? { replay: replay.value } : {}) })
}

/** Pins kept as files of the home, written whole and durable. */
export function pinStore(home: Home): PinStore {
  return {
    read: async (name) => await Promise.resolve(home.read('pins', name)),
    write: async (name, text) => {
      home.write('pins', name, text)
      await Promise.resolve()
    },
  }
}

async function coalitionOf(call: Call, pins: PinStore): Promise<Result<Coalition>> {
  const pinned = await pinnedCoalition(pins)
  const origin = call.args.maybe('origin') ?? (pinned.ok ? pinned.value.origin : undefined)
  const genesis = call.args.maybe('genesis') ?? (pinned.ok ? pinned.value.genesis : undefined)
  if (origin === undefined || genesis === undefined) {
    throw new UsageError(
      'which coalition? Give --origin and --genesis, or pin one with: dunant directory pin',
    )
  }
  if (!/^[0-9a-f]{64}$/.test(genesis)) throw new UsageError('--genesis takes 64 hex digits')
  const isOther = pinned.ok && (pinned.value.origin !== origin || pinned.value.genesis !== genesis)
  return isOther
    ? refuse(
        'genesis-wrong',
        `this home belongs to ${pinned.value.origin}; use another --home for another coalition`,
      )
    : accept({ origin, genesis })
}

/** @throws UsageError for an address that is none, or not a safe one. */
function api(url: string, token?: string): Api {
  try {
    return openApi({ url, ...(token === undefined ? {} : { token }) })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(`--server: ${error.message}`)
    throw error
  }
}

/** The officer that `--key` or `--gpg` is, with the verified directory. `--party` is needed only to say so. */
export async function openOfficer(
  call: Call,
  home: Home,
  passphrases: Passphrases = openPassphrases(call),
): Promise<Result<OfficerActor>> {
  const connection = await connect(call, home)
  if (!connection.ok) return connection
  const signer = await openSigner(call, passphrases)
  if (!signer.ok) return signer
  const replay = await fetchDirectory(connection.value.api, connection.value.pins)
  if (!replay.ok) return replay
  const owner = ownerOf(replay.value.directory, signer.value.fingerprint)
  const party = call.args.maybe('party') ?? owner?.party.domain
  if (owner === undefined || party !== owner.party.domain) {
    return refuse(
      'key-missing',
      `the key ${signer.value.fingerprint} is not an officer of ${party ?? 'any party'}`,
    )
  }
  return accept({
    connection: connection.value,
    signer: signer.value,
    by: { party },
    replay: replay.value,
    party,
  })
}

/** Signs in: the same server, read as this actor. */
export async function signIn(actor: Actor): Promise<Result<Api>> {
  const token = await signInToken(actor)
  return token.ok ? accept(api(actor.connection.url, token.value)) : token
}

/** Opens a session and gives its token. */
export async function signInToken(actor: Actor): Promise<Result<string>> {
  const { connection, signer } = actor
  const nonce = await connection.api.sessionNonce()
  if (!nonce.ok) return nonce
  const payload = compose(actor, 'session.open', { session: nonce.value })
  const signature = await signer.sign(payload)
  if (!signature.ok) return signature
  const session = await connection.api.openSession({ payload, signatures: [signature.value] })
  return session.ok ? accept(session.value.token) : session
}

/** The bytes of an act by this actor. */
export function compose<T extends ActType>(
  { connection, by, replay }: Actor,
  type: T,
  body: ActBodies[T],
): Uint8Array {
  return composeAct({
    type,
    body,
    by,
    // A customer's act names the head of midnight: the newest one would tell the time of day.
    directory:
      'party' in by
        ? headOf(replay.directory)
        : headAtMidnight(replay.directory, dayOf(connection.now)),
    origin: connection.coalition.origin,
    now: connection.now,
    nonce: systemRandom(NONCE_BYTES),
    ...(type === 'session.open' && 'party' in by ? { lifetimeSeconds: SESSION_SECONDS } : {}),
  })
}

/** Composes, signs and submits an act. */
export async function submit<T extends ActType>(
  actor: Actor,
  type: T,
  body: ActBodies[T],
): Promise<Result<SubmittedAct>> {
  return await submitPayload(actor, compose(actor, type, body))
}

/** Signs and submits an act that was composed already. */
export async function submitPayload(
  { connection, signer }: Actor,
  payload: Uint8Array,
): Promise<Result<SubmittedAct>> {
  const signature = await signer.sign(payload)
  if (!signature.ok) return signature
  const submitted = await connection.api.submitAct({ payload, signatures: [signature.value] })
  if (submitted.ok) rememberOwnAct(connection.home, { payload, ...submitted.value })
  return submitted
}
