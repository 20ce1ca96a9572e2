import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { readMailAddress } from '#core/mail-address.ts'

const FILE = 'relay.json'
const text = z.string().min(1).max(200)
const host = z
  .string()
  .max(253)
  .regex(/^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*$/)
const address = text.transform((value, context) => {
  const read = readMailAddress(value)
  if (read.ok) return read.value
  context.addIssue({ code: 'custom', message: 'not a mail address' })
  return z.NEVER
})

/** The settings of a relay. A missing one stops the start; none turns a check off. */
const SettingsSchema = z.strictObject({
  from: z.strictObject({ name: text, address }),
  /** Where reports of failure go; the server must take `local+token@domain` for it. */
  bounces: address,
  smtp: z.strictObject({
    host: text,
    port: z.int().min(1).max(65_535),
    tls: z.enum(['implicit', 'starttls']),
    /** A PEM file with the authorities that are trusted in the place of the system's. */
    authorities: text.exactOptional(),
    user: text.exactOptional(),
    /** A file with the password alone. */
    password_file: text.exactOptional(),
  }),
  /** The certificate that answers are encrypted to: a file, armored. */
  certificate: text.exactOptional(),
  /** Where certificates are looked for. Every server but the recipient's own learns whom we ask for: none is asked unless it is named. */
  key_servers: z
    .strictObject({ vks: z.array(host).max(4).default([]), hkp: z.array(host).max(4).default([]) })
    .default({ vks: [], hkp: [] }),
  per_domain_a_minute: z.int().min(1).max(60_000).default(60),
  per_domain_at_once: z.int().min(1).max(1_000).default(20),
  give_up_days: z.int().min(1).max(30).default(5),
  /** Until a mail that the server defers is offered again; each time after that it waits longer, up to six hours where this is a minute. */
  retry_seconds: z.int().min(1).max(600).default(60),
})

/** The settings of a relay, read. */
export type RelaySettings = z.infer<typeof SettingsSchema>

/**
 * Reads `relay.json` of a folder. Paths in it are relative to the folder.
 *
 * @throws Error that names the setting that is wrong.
 */
export function readRelaySettings(folder: string): RelaySettings {
  const parsed = SettingsSchema.safeParse(JSON.parse(readFileSync(resolve(folder, FILE), 'utf8')))
  if (!parsed.success) throw new Error(`${FILE}: ${z.prettifyError(parsed.error)}`)
  const { password_file: file, user } = parsed.data.smtp
  if ((user === undefined) !== (file === undefined))
    throw new Error(`${FILE}: smtp needs user and password_file, or neither`)
  return parsed.data
}
