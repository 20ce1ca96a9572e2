import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { systemRandom } from '#adapters/system/random.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import type { LocalClient } from '#agent/local/authenticate.ts'
import type { HookEndpoint } from '#agent/webhooks.ts'
import { base64, fromBase64, fromHex, hex } from '#core/bytes.ts'
import { readArmor } from '#core/packets.ts'
import { AGENT_NAME, CLIENT_SCOPES, type ClientScope } from '#wire/agent.ts'
import { domain, hash, origin } from '#wire/fields.ts'
import { Secret } from './secrets.ts'

const KEY_BYTES = 32

/** Where a message may go: encrypted, or to this machine. */
const HOOK_URL =
  /^(?:https:\/\/[^/\s]+|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?)(?:\/\S*)?$/

/** What an agent is told once, in `agent.json` of its folder. */
const AgentFileSchema = z.strictObject({
  /** Of the lists of check codes; a company with several agents has one of them publish. */
  check_lists: z
    .strictObject({
      /** A second list, keyed by codes alone, for telephone desks. */
      desk: z.boolean().default(false),
      publish: z.boolean().default(true),
      /** Codes that the lists have room for at least. */
      room: z.int().min(0).max(3_276_800).default(0),
    })
    .prefault({}),
  genesis: hash,
  hooks: z
    .array(
      z.strictObject({
        name: z.string().regex(AGENT_NAME),
        url: z.string().max(500).regex(HOOK_URL),
      }),
    )
    .max(16),
  origin,
  party: domain,
  /** Days for which a notice and its archive are kept. */
  retention_days: z.int().min(1).max(36_500),
  server: z.url({ protocol: /^https?$/ }),
})

/** The settings of an agent. */
export type AgentFile = z.infer<typeof AgentFileSchema>

/** A client's key as it is handed to a system of the company. */
const ClientFileSchema = z.strictObject({
  id: z.string().regex(AGENT_NAME),
  key: z.string().max(100),
  scopes: z.array(z.enum(CLIENT_SCOPES)).min(1),
})

/** An agent's folder, read and checked. */
export interface AgentHome {
  readonly file: AgentFile
  readonly paths: AgentPaths
  readonly vaultKey: Secret<Uint8Array>
  readonly clients: readonly LocalClient[]
  readonly hooks: readonly HookEndpoint[]
  /** What the archive is encrypted to; nothing is archived without it. */
  readonly archiveCertificate: Uint8Array | undefined
}

/** Where things stand in an agent's folder. */
export interface AgentPaths {
  readonly archive: string
  readonly archiveCertificate: string
  /** What was computed for lists of check codes. */
  readonly checkKeys: string
  readonly clients: string
  readonly database: string
  readonly file: string
  readonly filings: string
  readonly keys: string
  readonly pins: string
  /** Of the company's own mail relay: mails are sent where its settings are there. */
  readonly relay: string
  readonly reporterKey: string
  readonly vaultKey: string
}

/** Names the files of an agent's folder; the keys may be in a folder elsewhere. */
export function agentPaths(home: string, keys = join(home, 'keys')): AgentPaths {
  return {
    archive: join(home, 'archive'),
    archiveCertificate: join(home, 'archive.pub.asc'),
    checkKeys: join(home, 'check'),
    clients: join(keys, 'clients'),
    database: join(home, 'agent.sqlite'),
    file: join(home, 'agent.json'),
    filings: join(home, 'filings'),
    keys,
    pins: join(home, 'pins'),
    relay: join(home, 'relay'),
    reporterKey: join(keys, 'reporter.asc'),
    vaultKey: join(keys, 'vault.key'),
  }
}

/** Tells whether a folder is an agent's already. */
export function isAgentHome(home: string): boolean {
  return existsSync(agentPaths(home).file)
}

/** Makes an agent's folder, with a key of its own for what its database hides. The settings are written last. @throws Error where it is one. */
export function createAgentHome(
  home: string,
  terms: Omit<AgentFile, 'check_lists' | 'hooks' | 'retention_days'> & {
    readonly archiveCertificate?: string
  },
): void {
  if (isAgentHome(home)) throw new Error(`${home} is an agent's folder already`)
  const { archiveCertificate, ...rest } = terms
  const paths = agentPaths(home)
  const file = AgentFileSchema.parse({ ...rest, hooks: [], retention_days: 90 })
  for (const folder of [home, paths.keys, paths.clients, paths.filings, paths.archive])
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  writeDurably(paths.vaultKey, `${hex(systemRandom.bytes(KEY_BYTES))}\n`)
  if (archiveCertificate !== undefined) writeDurably(paths.archiveCertificate, archiveCertificate)
  writeFile(paths.file, file)
}

/** Makes a key for one of the company's systems; gives the text of the file that it is handed. @throws Error for a name that is taken. */
export function addAgentClient(home: string, id: string, scopes: readonly ClientScope[]): string {
  const path = join(agentPaths(home).clients, `${id}.json`)
  if (existsSync(path)) throw new Error(`there is a client ${id} already`)
  const key = base64(systemRandom.bytes(KEY_BYTES))
  const text = `${JSON.stringify(ClientFileSchema.parse({ id, key, scopes: [...scopes] }))}\n`
  writeDurably(path, text)
  return text
}

/** Has a system of the company be told what happens; gives the secret that signs the messages to it. */
export function addAgentHook(
  home: string,
  { name, url }: { readonly name: string; readonly url: string },
): Uint8Array {
  const paths = agentPaths(home)
  const file = readFile(paths.file)
  if (file.hooks.some((hook) => hook.name === name))
    throw new Error(`there is a hook ${name} already`)
  const key = systemRandom.bytes(KEY_BYTES)
  writeDurably(hookKey(paths, name), `${hex(key)}\n`)
  writeFile(paths.file, { ...file, hooks: [...file.hooks, { name, url }] })
  return key
}

/** Reads an agent's folder. @throws Error when a part of it is missing or malformed. */
export function readAgentHome(home: string, keys?: string): AgentHome {
  const paths = agentPaths(home, keys)
  const file = readFile(paths.file)
  const clients = existsSync(paths.clients)
    ? readdirSync(paths.clients).filter((name) => name.endsWith('.json'))
    : []
  return {
    file,
    paths,
    archiveCertificate: readCertificateFile(paths.archiveCertificate),
    vaultKey: new Secret(readHex(paths.vaultKey)),
    clients: clients.map((name) =>
      parseAgentClient(readFileSync(join(paths.clients, name), 'utf8')),
    ),
    hooks: file.hooks.map(({ name, url }) => ({ url, key: readHex(hookKey(paths, name)) })),
  }
}

/** Reads the file of a client. @throws Error where it is none. */
export function parseAgentClient(text: string): LocalClient {
  const parsed = ClientFileSchema.safeParse(JSON.parse(text))
  const key = parsed.success ? fromBase64(parsed.data.key) : undefined
  if (!parsed.success || key?.length !== KEY_BYTES) throw new Error('this is not a client key')
  return { id: parsed.data.id, key, scopes: parsed.data.scopes }
}

function readCertificateFile(path: string): Uint8Array | undefined {
  if (!existsSync(path)) return undefined
  const bytes = readArmor(readFileSync(path, 'utf8'), 'PGP PUBLIC KEY BLOCK')
  if (!bytes.ok) throw new Error(`${path} is not an armored certificate`)
  return bytes.value
}

function hookKey({ keys }: AgentPaths, name: string): string {
  return join(keys, `hook-${name}.key`)
}

function readHex(path: string): Uint8Array {
  const key = fromHex(readFileSync(path, 'utf8').trim())
  if (key?.length !== KEY_BYTES) throw new Error(`${path} does not hold 32 bytes of hex`)
  return key
}

function readFile(path: string): AgentFile {
  const parsed = AgentFileSchema.safeParse(JSON.parse(readFileSync(path, 'utf8')))
  if (!parsed.success) throw new Error(`agent.json: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

function writeFile(path: string, file: AgentFile): void {
  writeDurably(path, `${JSON.stringify(AgentFileSchema.parse(file), undefined, 2)}\n`)
}
