import { z } from 'zod'
import { KEY_TYPE_COSIGNATURE, parseVkey } from '#core/log/note.ts'
import { UNDER_WAY } from '#wire/limits.ts'

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** A witness may sit anywhere; what it says of the trees that it has seen must come from itself. */
const WITNESS_URL =
  /^(?:https:\/\/[^/?#]+|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?)(?:\/[^?#]*)?$/

const WitnessesSchema = z
  .array(
    z.strictObject({
      /** Prefix of the addresses for monitors, where it is not `url`. */
      monitor: z.string().max(400).regex(WITNESS_URL).exactOptional(),
      url: z.string().max(400).regex(WITNESS_URL),
      /** Note verifier key of type 04, as the charter has it. */
      vkey: z
        .string()
        .max(4096)
        .refine(isWitnessKey, { error: 'this is not the key of a witness' }),
    }),
  )
  .max(32)

/** The witnesses that a server asks, and where they answer. */
export type WitnessAddresses = z.infer<typeof WitnessesSchema>

function isWitnessKey(vkey: string): boolean {
  const key = parseVkey(vkey)
  return key.ok && key.value.type === KEY_TYPE_COSIGNATURE
}

/**
 * Reads the witnesses of a Worker, which are one variable.
 *
 * @throws Error naming each member that is wrong.
 */
export function parseWitnesses(text: string): WitnessAddresses {
  const parsed = WitnessesSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(`WITNESSES: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** What a server is told once, in `server.json` of its home folder. */
const ServerFileSchema = z.strictObject({
  /** Act id of the charter; without it no charter is accepted. */
  genesis: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .exactOptional(),
  /** DNS name of the coalition. */
  origin: z.string().max(253).regex(DOMAIN),
  /** Seconds between two checkpoints that witnesses are asked for. */
  witness_pause_seconds: z.number().min(0).max(3600).exactOptional(),
  witnesses: WitnessesSchema.exactOptional(),
})

/** The settings of a server's home. */
export type ServerFile = z.infer<typeof ServerFileSchema>

/** Where a log signer answers: `unix:/path`, or an address that is encrypted or on this machine. */
const SIGNER_ADDRESS =
  /^(?:unix:\/.+|https:\/\/[^/]+|http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)(?::\d{1,5})?)$/

/** Names of header fields (RFC 9110 section 5.1). */
const HEADER = /^[A-Za-z0-9-]{1,64}$/

const EnvironmentSchema = z.object({
  DUNANT_ACTS_AT_ONCE: z.coerce
    .number()
    .int()
    .min(1)
    .max(UNDER_WAY.arriving)
    .default(UNDER_WAY.acts),
  DUNANT_CLIENT_ADDRESS_HEADER: z.string().regex(HEADER).optional(),
  DUNANT_CRYPTO: z.enum(['native', 'stock']).default('native'),
  DUNANT_DATABASE_URL: z.url({ protocol: /^postgres(?:ql)?$/ }).optional(),
  DUNANT_LOG_SIGNER: z.string().max(400).regex(SIGNER_ADDRESS).optional(),
  DUNANT_HOST: z.string().max(255).default('127.0.0.1'),
  DUNANT_KEYS: z.string().min(1).max(4096).optional(),
  DUNANT_METRICS_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  DUNANT_LIMIT_FACTOR: z.coerce.number().min(0.01).max(1_000_000).default(1),
  DUNANT_PORT: z.coerce.number().int().min(0).max(65_535).default(8787),
  DUNANT_PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DUNANT_SECURITY_CONTACT: z.url().optional(),
  DUNANT_STOP_SECONDS: z.coerce.number().int().min(0).max(3600).default(20),
  GENESIS_ID: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
})

/** Any number of processes may share a PostgreSQL database; each with a log key and memory of its own would fork the log. */
export const SIGNER_MISSING =
  'with DUNANT_DATABASE_URL the log is signed by one process apart: run dunant log-signer and name it in DUNANT_LOG_SIGNER'

/** What the environment says about one process. */
export interface ProcessConfig {
  /** Who computes signatures: OpenSSL, or OpenPGP.js as it comes (`stock`), for comparison; OpenSSL where it is left out. */
  readonly crypto?: 'native' | 'stock' | undefined
  /** Acts under way at once, beyond which clients are told to come back; as many as is published where it is left out. */
  readonly actsAtOnce?: number | undefined
  readonly host: string
  readonly port: number
  /** PostgreSQL instead of the embedded SQLite. */
  readonly databaseUrl: string | undefined
  /** Address of the one process that holds the log key; absent where this process holds it, which with PostgreSQL none does. */
  readonly logSigner?: string | undefined
  /** The header field in which a proxy that is trusted names the client, last; the socket's address counts where it is left out. */
  readonly clientAddressHeader?: string | undefined
  /** How many times the published budgets are given; once where it is left out. */
  readonly limitFactor?: number | undefined
  /** Where the world reaches the server, through the proxy that speaks TLS; absent on loopback. */
  readonly publicUrl?: string | undefined
  /** A URI for reports of weaknesses. */
  readonly securityContact?: string | undefined
  /** The folder of the keys, where they are not in the server's home: `LoadCredential` of systemd. */
  readonly keys?: string | undefined
  /** Where metrics are served, on the loopback interface alone; they are off without it. */
  readonly metricsPort?: number | undefined
  /** How long running requests may take once the process was told to end; 20 where it is left out. */
  readonly stopSeconds?: number | undefined
  /** Overrides the genesis id of `server.json`. */
  readonly genesis: string | undefined
}

/**
 * Reads `server.json`.
 *
 * @throws Error naming each setting that is wrong: a missing setting stops the start, it never turns a check off.
 */
export function parseServerFile(text: string): ServerFile {
  const parsed = ServerFileSchema.safeParse(JSON.parse(text))
  if (!parsed.success) throw new Error(`server.json: ${z.prettifyError(parsed.error)}`)
  return parsed.data
}

/** The text of a `server.json`. */
export function formatServerFile(file: ServerFile): string {
  return `${JSON.stringify(ServerFileSchema.parse(file), undefined, 2)}\n`
}

/**
 * Reads the environment, once.
 *
 * @throws Error naming each variable that is wrong.
 */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): ProcessConfig {
  const parsed = EnvironmentSchema.safeParse(environment)
  if (!parsed.success) throw new Error(`environment: ${z.prettifyError(parsed.error)}`)
  const found = parsed.data
  if (found.DUNANT_DATABASE_URL !== undefined && found.DUNANT_LOG_SIGNER === undefined)
    throw new Error(`environment: ${SIGNER_MISSING}`)
  return {
    crypto: found.DUNANT_CRYPTO,
    host: found.DUNANT_HOST,
    port: found.DUNANT_PORT,
    databaseUrl: found.DUNANT_DATABASE_URL,
    logSigner: found.DUNANT_LOG_SIGNER,
    clientAddressHeader: found.DUNANT_CLIENT_ADDRESS_HEADER,
    actsAtOnce: found.DUNANT_ACTS_AT_ONCE,
    limitFactor: found.DUNANT_LIMIT_FACTOR,
    publicUrl: found.DUNANT_PUBLIC_URL,
    securityContact: found.DUNANT_SECURITY_CONTACT,
    keys: found.DUNANT_KEYS,
    metricsPort: found.DUNANT_METRICS_PORT,
    stopSeconds: found.DUNANT_STOP_SECONDS,
    genesis: found.GENESIS_ID,
  }
}
