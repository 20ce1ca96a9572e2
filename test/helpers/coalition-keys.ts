import {
  generateMailboxKey,
  generateOfficerKey,
  type UnlockedKey,
  unlockKey,
} from '#client/openpgp.ts'
import { base64, fromBase64 } from '#core/bytes.ts'
import { midnightOf } from '#core/time.ts'

/** An officer with all duties, and the company they speak for. */
export interface Company {
  readonly domain: string
  readonly key: UnlockedKey
  /** Base64. */
  readonly certificate: string
  readonly certificateBytes: Uint8Array
  /** Not protected: for what our own client refuses to do. */
  readonly privateArmored: string
}

/** A customer with a mailbox. */
export interface Customer {
  readonly id: string
  readonly key: UnlockedKey
  readonly certificateBytes: Uint8Array
  /** Not protected: for what our own client refuses to do. */
  readonly privateArmored: string
  readonly salt: string
}

/** When every coalition of the tests begins: ten in the morning, some time ago. */
export const BEGIN = Date.UTC(2025, 10, 24, 10) / 1000

const cache = new Map<string, Promise<unknown>>()

/** Makes something once for all tests of a process, by its name. */
export async function cached<T>(name: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(name) ?? make()
  cache.set(name, known)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- one name is always made by the same function
  return (await known) as T
}

/** The officer of a company, a month older than the coalition. `officer` tells several of one company apart. */
export async function companyKey(domain: string, officer = 'officer'): Promise<Company> {
  return await cached(`${officer}@${domain}`, async () => {
    const made = await generateOfficerKey({
      userId: { name: officer, email: `${officer}@${domain}` },
      date: BEGIN - 30 * 86_400,
      passphrase: '',
      unprotected: true,
    })
    const { privateArmored, publicBytes: certificateBytes } = made
    const key = await unlocked(privateArmored)
    return { domain, key, certificate: base64(certificateBytes), certificateBytes, privateArmored }
  })
}

/** Takes over what another process made for the officer of a company. */
export async function inheritCompany(made: Omit<Company, 'key'>): Promise<void> {
  await cached(`officer@${made.domain}`, async () => {
    const certificateBytes = fromBase64(made.certificate) ?? new Uint8Array()
    return { ...made, certificateBytes, key: await unlocked(made.privateArmored) }
  })
}

/** The key of a mailbox, made on a midnight. */
export async function customerKey(name: string): Promise<Omit<Customer, 'id' | 'salt'>> {
  return await cached(`mailbox ${name}`, async () => {
    const made = await generateMailboxKey({
      midnight: midnightOf(BEGIN),
      passphrase: '',
      unprotected: true,
    })
    const { privateArmored, publicBytes: certificateBytes } = made
    return { key: await unlocked(privateArmored), certificateBytes, privateArmored }
  })
}

async function unlocked(privateArmored: string): Promise<UnlockedKey> {
  const key = await unlockKey(privateArmored, '')
  if (!key.ok) throw new Error(key.refusal.reason)
  return key.value
}
