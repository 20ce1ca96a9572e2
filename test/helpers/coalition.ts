import { rmSync } from 'node:fs'
import type { Hono } from 'hono'
import { systemRandom } from '#adapters/system/random.ts'
import { composeAct } from '#client/act.ts'
import { answerChallenge, signDetached, type UnlockedKey } from '#client/openpgp.ts'
import { type Author, NO_HEAD } from '#core/act.ts'
import {
  type ActBodies,
  type ActType,
  DUTIES,
  type Quorums,
  type WitnessPolicy,
} from '#core/act-bodies.ts'
import { base64, hex } from '#core/bytes.ts'
import type { ChallengePurpose } from '#core/challenge.ts'
import { headOf } from '#core/directory.ts'
import { sha256Hex } from '#core/hash.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import { writeArmor } from '#core/packets.ts'
import { midnightOf } from '#core/time.ts'
import { createApp, type HttpPorts } from '#http/app.ts'
import { BEGIN, type Company, companyKey, type Customer, customerKey } from './coalition-keys.ts'
import {
  openServer,
  ORIGIN,
  type Server,
  type SettableClock,
  snapshotOf,
} from './coalition-server.ts'

export type { Company, Customer } from './coalition-keys.ts'
export { ORIGIN } from './coalition-server.ts'

/** What the charters of the tests ask for. */
export const QUORUMS: Quorums = {
  admit: [2, 3],
  advisory_reviewers: 2,
  amend: [2, 3],
  dossier_panelists: 7,
  suspend: [2, 3],
  suspend_others: 2,
  template_members: 3,
  template_partners: 1,
}

/** The hash of a template that every charter of the tests adopts; nobody has its words. */
export const FOUNDED_TEMPLATE = 'ad'.repeat(32)

/** An answer, read whole. */
export interface Answered {
  readonly status: number
  /** What the `type` of a problem ends with. */
  readonly reason: string | undefined
  readonly body: Readonly<Record<string, unknown>>
  readonly bytes: Uint8Array
  readonly text: string
  readonly headers: Headers
}

/** A request in few words: JSON and forms say themselves what they are. */
export interface Ask {
  readonly method?: string
  readonly body?: BodyInit
  readonly headers?: Readonly<Record<string, string>>
  /** A bearer token. */
  readonly token?: string
}

/** What differs from an act that would be accepted. */
export interface Twist {
  readonly by: Author
  readonly directory?: string
  readonly origin?: string
  readonly lifetimeSeconds?: number
  readonly now?: number
}

/** A server with real storage, real keys and a real log, and the clients around it. */
export interface Coalition {
  readonly app: Hono
  readonly ports: HttpPorts
  readonly companies: readonly Company[]
  /** What the server writes is in here; its database is `database`. */
  readonly folder: string
  readonly clock: SettableClock
  /** The reasons that the server reported, and the names of the events. */
  readonly events: readonly string[]
  readonly ask: (path: string, ask?: Ask) => Promise<Answered>
  readonly compose: <T extends ActType>(
    type: T,
    body: ActBodies[T],
    by: Company | Customer | Twist,
  ) => Promise<Uint8Array>
  /** Signs as of the server's time; customers as of its midnight. */
  readonly sign: (by: Company | Customer, payload: Uint8Array, at?: number) => Promise<string>
  readonly post: (payload: Uint8Array, ...signatures: readonly string[]) => Promise<Answered>
  readonly cosign: (id: string, signature: string) => Promise<Answered>
  /** Composes, signs by all and submits; the first is the author. */
  readonly submit: <T extends ActType>(
    type: T,
    body: ActBodies[T],
    ...by: readonly [Company | Customer, ...Company[]]
  ) => Promise<Answered>
  /** Opens a session and gives its token. */
  readonly session: (by: Company | Customer) => Promise<string>
  /** Has a certificate challenged and gives the answer. */
  readonly challenge: (
    key: UnlockedKey,
    certificate: Uint8Array,
    purpose: ChallengePurpose,
  ) => Promise<string>
  /** Enrols a mailbox by an invitation of the first company; all companies may file to it unless told otherwise. */
  readonly enrol: (name: string, filers?: readonly string[]) => Promise<Customer>
  /** A hash of every row and every blob name: what a refusal must leave as it was. */
  readonly snapshot: () => string
  close(): Promise<void>
}

/** Opens a server that waits for its charter, and founds it by some companies unless told otherwise. */
export async function foundCoalition(
  options: {
    readonly domains?: readonly string[]
    readonly quorums?: Partial<Quorums>
    readonly founded?: false
    readonly ports?: Partial<HttpPorts>
    /** Seed of the log key. */
    readonly logSeed?: Uint8Array
    readonly witnesses?: WitnessPolicy
    /** Of the log key that is prepared to follow. */
    readonly logNextSeed?: Uint8Array
  } = {},
): Promise<Coalition> {
  const domains = options.domains ?? ['contoso.example', 'fabrikam.example', 'litware.example']
  const companies = await Promise.all(domains.map(async (domain) => await companyKey(domain)))
  const server = await openServer(
    options.ports ?? {},
    ...[options.logSeed, options.logNextSeed].filter((seed) => seed !== undefined),
  )
  const charter = composeCharter(companies, {
    log_key: server.vkey,
    quorums: { ...QUORUMS, ...options.quorums },
    service_certificate: base64(server.ports.crypto.serviceCertificate),
    templates: [FOUNDED_TEMPLATE],
    witnesses: options.witnesses ?? { keys: [], quorum: 0 },
  })
  const ports = { ...server.ports, genesis: sha256Hex(charter) }
  const coalition = clientsOf({ ...server, ports, companies })
  if (options.founded === false) return coalition
  const signatures = await Promise.all(
    companies.map(async (company) => await coalition.sign(company, charter)),
  )
  const founded = await coalition.post(charter, ...signatures)
  if (founded.status !== 201) {
    await coalition.close()
    throw new Error(`the charter was refused: ${founded.text}`)
  }
  return coalition
}

/** The charter of some companies, each with one officer who may do everything. `now` is POSIX seconds. */
export function composeCharter(
  companies: readonly Company[],
  terms: Omit<ActBodies['charter.adopt'], 'founders'>,
  now = BEGIN,
): Uint8Array {
  const founders = companies.map(({ certificate, domain }) => ({
    domain,
    officers: [{ certificate, duties: DUTIES }],
  }))
  return composeAct({
    type: 'charter.adopt',
    body: { founders, ...terms },
    by: { party: companies[0]?.domain ?? '' },
    directory: NO_HEAD,
    origin: ORIGIN,
    now,
    nonce: new Uint8Array(16),
  })
}

/** Clients around a server, wherever it answers. */
export function clientsOf(
  server: Server & { readonly companies: readonly Company[] },
  app = createApp(server.ports),
): Coalition {
  const { clock, companies, events, folder, ports } = server
  const ask: Coalition['ask'] = async (path, options = {}) => await askApp(app, path, options)
  const post: Coalition['post'] = async (payload, ...signatures) =>
    await ask('/api/acts', { method: 'POST', body: formOf(payload, signatures) })
  const sign: Coalition['sign'] = async (by, payload, at) =>
    await signDetached(by.key, payload, {
      at: at ?? ('domain' in by ? clock.now() : midnightOf(clock.now())),
    })
  const compose: Coalition['compose'] = async (type, body, by) =>
    composeAct({
      type,
      body,
      directory: headOf(await ports.directory.current()),
      origin: ORIGIN,
      now: clock.now(),
      nonce: systemRandom.bytes(16),
      ...('by' in by ? by : { by: 'domain' in by ? { party: by.domain } : { mailbox: by.id } }),
    })
  const challenge: Coalition['challenge'] = async (key, certificate, purpose) =>
    await challenged(ask, { key, certificate, purpose })
  const coalition: Coalition = {
    app,
    ports,
    companies,
    folder,
    clock,
    events,
    ask,
    compose,
    sign,
    post,
    cosign: async (id, signature) =>
      await ask(`/api/acts/${id}/signatures`, { method: 'POST', body: signature }),
    submit: async (type, body, ...by) => {
      const payload = await compose(type, body, by[0])
      return await post(
        payload,
        ...(await Promise.all(by.map(async (one) => await sign(one, payload)))),
      )
    },
    session: async (by) => {
      const { body } = await ask('/api/session/nonce')
      const payload = await compose('session.open', { session: String(body['nonce']) }, by)
      const opened = await ask('/api/session', {
        method: 'POST',
        body: formOf(payload, [await sign(by, payload)]),
      })
      if (opened.status !== 200) throw new Error(`no session: ${opened.text}`)
      return String(opened.body['token'])
    },
    challenge,
    enrol: async (name, filers) =>
      await enrol(coalition, name, filers ?? companies.map(({ domain }) => domain).toSorted()),
    snapshot: () => snapshotOf(folder),
    close: async () => {
      await ports.storage.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  return coalition
}

/** The body by which `curl -F` submits an act. */
export function formOf(payload: Uint8Array, signatures: readonly string[]): FormData {
  const form = new FormData()
  form.append('act', new Blob([Uint8Array.from(payload)]), 'act.json')
  for (const signature of signatures) form.append('signature', signature)
  return form
}

async function askApp(
  app: Hono,
  path: string,
  { body, headers, method, token }: Ask,
): Promise<Answered> {
  const response = await app.request(path, {
    method: method ?? 'GET',
    headers: { ...headers, ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const isJson = /json/.test(response.headers.get('Content-Type') ?? '')
  const json: unknown = isJson && text !== '' ? JSON.parse(text) : {}
  const members =
    typeof json === 'object' && json !== null ? Object.fromEntries(Object.entries(json)) : {}
  const type =
    response.headers.get('Content-Type') === 'application/problem+json'
      ? String(members['type'])
      : undefined
  return {
    status: response.status,
    reason: type?.replace('/problems/', ''),
    body: members,
    bytes,
    text,
    headers: response.headers,
  }
}

async function challenged(
  ask: Coalition['ask'],
  offered: {
    readonly key: UnlockedKey
    readonly certificate: Uint8Array
    readonly purpose: ChallengePurpose
  },
): Promise<string> {
  const { certificate, key, purpose } = offered
  const body = writeArmor('PGP PUBLIC KEY BLOCK', certificate)
  const message = await ask(`/api/challenges?purpose=${purpose}`, { method: 'POST', body })
  const answer = await answerChallenge(key, message.text, {
    origin: ORIGIN,
    purpose,
    fingerprint: key.fingerprint,
  })
  if (!answer.ok) throw new Error(`no answer to a challenge: ${message.text}`)
  return answer.value
}

async function enrol(
  coalition: Coalition,
  name: string,
  filers: readonly string[],
): Promise<Customer> {
  const { companies, compose, post, sign, submit } = coalition
  const [inviting] = companies
  if (inviting === undefined) throw new Error('there is no company to invite')
  const invitation = hex(systemRandom.bytes(32))
  await submit('mailbox.invite', { tokens: [tokenHash(invitation)] }, inviting)
  const made = await customerKey(name)
  const salt = hex(systemRandom.bytes(16))
  const customer: Customer = { ...made, id: mailboxId(made.key.fingerprint, salt), salt }
  const body = {
    certificate: base64(made.certificateBytes),
    challenge: await coalition.challenge(made.key, made.certificateBytes, 'mailbox'),
    identifiable: false,
    invitation,
    mailbox: customer.id,
    salt,
  }
  const payload = await compose('mailbox.enrol', body, {
    by: { key: made.key.fingerprint },
  })
  const enrolled = await post(payload, await sign(customer, payload))
  if (enrolled.status !== 201) throw new Error(`not enrolled: ${enrolled.text}`)
  if (filers.join() !== inviting.domain) {
    const named = await submit('mailbox.filers', { filers }, customer)
    if (named.status !== 201) throw new Error(`no filers: ${named.text}`)
  }
  return customer
}

/** The companies of a coalition that was founded without further wishes. */
export function threeOf({
  companies,
}: Coalition): Record<'contoso' | 'fabrikam' | 'litware', Company> {
  const [contoso, fabrikam, litware] = companies
  if (contoso === undefined || fabrikam === undefined || litware === undefined)
    throw new Error('there are fewer companies')
  return { contoso, fabrikam, litware }
}
