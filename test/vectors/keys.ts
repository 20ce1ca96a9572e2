import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { generateServiceKey } from '#adapters/keys/openpgp.ts'
import {
  generateMailboxKey,
  generateOfficerKey,
  type UnlockedKey,
  unlockKey,
} from '#client/openpgp.ts'
import { base64, fromHex, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import {
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  KEY_TYPE_ED25519,
  type NoteSigner,
  verifierOf,
} from '#core/log/note.ts'
import { readCertificate } from '#core/openpgp.ts'

/** The coalition that every vector belongs to, and the moment at which all of it happens. */
export const ORIGIN = 'coalition.example'
/** 2025-11-24T10:00:00Z. */
export const NOW = 1_763_978_400
/** 2025-11-24. */
export const DAY = '2025-11-24'
/** 2025-09-01T00:00:00Z. */
const BORN = 1_756_684_800

const FILE = new URL('keys.json', import.meta.url)

const NoteKeySchema = z.strictObject({ name: z.string(), seed: z.string(), vkey: z.string() })
const OpenPgpKeySchema = z.strictObject({
  certificate: z.string(),
  fingerprint: z.string(),
  private_key: z.string(),
})
/** The shape of `keys.json`. */
export const KeysSchema = z.strictObject({
  log: NoteKeySchema,
  openpgp: z.strictObject({
    alice: OpenPgpKeySchema,
    alice_new: OpenPgpKeySchema,
    contoso: OpenPgpKeySchema,
    fabrikam: OpenPgpKeySchema,
    litware: OpenPgpKeySchema,
    service: OpenPgpKeySchema,
  }),
  witnesses: z.array(NoteKeySchema),
})
export type Keys = z.infer<typeof KeysSchema>
export type KeyName = keyof Keys['openpgp']

/** Bytes that look random and are the same at every run: SHA-256 of a label. */
export function seeded(label: string): Uint8Array {
  return sha256(utf8(`dunant test vectors\n${label}`))
}

/** The same as hex: 64 digits, or fewer. */
export function seededHex(label: string, digits = 64): string {
  return sha256Hex(utf8(`dunant test vectors\n${label}`)).slice(0, digits)
}

/** The keys that are checked in. They protect nothing. */
export function readKeys(): Keys {
  return KeysSchema.parse(JSON.parse(readFileSync(FILE, 'utf8')))
}

/** Makes the keys where there are none; those that are there stay. */
export async function ensureKeys(): Promise<Keys> {
  if (!existsSync(FILE)) writeFileSync(FILE, `${JSON.stringify(await makeKeys(), undefined, 2)}\n`)
  return readKeys()
}

/** Unlocks one of the keys. */
export async function keyOf(keys: Keys, name: KeyName): Promise<UnlockedKey> {
  const key = await unlockKey(keys.openpgp[name].private_key, '')
  if (!key.ok) throw new Error(key.refusal.reason)
  return key.value
}

/** A note signer of the file. */
export function noteSigner({ name, seed }: Keys['log']): NoteSigner {
  const bytes = fromHex(seed)
  if (bytes === undefined) throw new Error('a seed is hex')
  return { name, seed: bytes }
}

async function makeKeys(): Promise<Keys> {
  const officer = async (domain: string) =>
    await exported(
      await generateOfficerKey({
        userId: { name: 'Officer', email: `officer@${domain}` },
        date: BORN,
        passphrase: '',
        unprotected: true,
      }),
    )
  const mailbox = async () =>
    await exported(await generateMailboxKey({ midnight: BORN, passphrase: '', unprotected: true }))
  return {
    log: noteKey(ORIGIN, KEY_TYPE_ED25519),
    openpgp: {
      alice: await mailbox(),
      alice_new: await mailbox(),
      contoso: await officer('contoso.example'),
      fabrikam: await officer('fabrikam.example'),
      litware: await officer('litware.example'),
      service: await exported(await generateServiceKey({ origin: ORIGIN, date: BORN })),
    },
    witnesses: ['contoso.example', 'fabrikam.example', 'litware.example'].map((domain) =>
      noteKey(`${domain}/witness`, KEY_TYPE_COSIGNATURE),
    ),
  }
}

function noteKey(name: string, type: number): Keys['log'] {
  const seed = seededHex(`note key ${name}`)
  return { name, seed, vkey: formatVkey(verifierOf(noteSigner({ name, seed, vkey: '' }), type)) }
}

async function exported(made: { privateArmored: string; publicBytes: Uint8Array }) {
  const parsed = await readCertificate(made.publicBytes)
  if (!parsed.ok) throw new Error(parsed.refusal.reason)
  return {
    certificate: base64(made.publicBytes),
    fingerprint: parsed.value.life.primary.fingerprint,
    private_key: made.privateArmored,
  }
}
