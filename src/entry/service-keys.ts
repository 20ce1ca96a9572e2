import { existsSync, readFileSync } from 'node:fs'
import {
  generateServiceKey,
  openServiceCrypto,
  type ServiceKeyOptions,
} from '#adapters/keys/openpgp.ts'
import { systemClock } from '#adapters/system/clock.ts'
import { writeDurably } from '#adapters/system/durable-file.ts'
import { systemRandom } from '#adapters/system/random.ts'
import { base64, hex } from '#core/bytes.ts'
import type { ServiceCrypto } from '#ports/crypto.ts'
import type { DirectoryReader } from '#service/read-directory.ts'
import { promoteServiceKey, readServerHome, type ServerHome } from './home.ts'

/** A key that is prepared to follow the one in use. */
export interface PreparedServiceKey {
  readonly fingerprint: string
  /** Base64, as a charter has it. */
  readonly service_certificate: string
  /** Whether it was made now; one that was prepared before stays the one. */
  readonly isNew: boolean
}

/** Makes the service key that follows the one in use. Nothing changes until a `charter.amend` names it. */
export async function prepareServiceKey(home: string): Promise<PreparedServiceKey> {
  const { file, paths } = readServerHome(home)
  const isNew = !existsSync(paths.serviceNextKey)
  if (isNew) {
    const made = await generateServiceKey({ origin: file.origin, date: systemClock.now() })
    writeDurably(paths.serviceNextKey, made.privateArmored)
  }
  const key = await openKey(readFileSync(paths.serviceNextKey, 'utf8'), { clock: systemClock })
  const service_certificate = base64(key.crypto.serviceCertificate)
  return { fingerprint: key.fingerprint, service_certificate, isNew }
}

/** Makes a new secret of the challenges: what was answered to the old one no longer counts. The server must not run. */
export function replaceSecret(home: string): void {
  const { paths } = readServerHome(home)
  writeDurably(paths.challengeSecret, `${hex(systemRandom.bytes(32))}\n`)
}

/** The clock that dates what is signed, and who does the arithmetic. */
export type Means = Pick<ServiceKeyOptions, 'arithmetic' | 'clock'>

/** The service's keys, of which the charter says which one signs. */
export interface ServiceKeys {
  /** Signs with the key in use, until `follow` is called. */
  readonly crypto: ServiceCrypto
  /** From now on the key signs that the directory names at the moment of signing. */
  readonly follow: (directory: DirectoryReader) => ServiceCrypto
  /** Whether the key of a certificate is here, in use or prepared. */
  readonly holds: (fingerprint: string) => Promise<boolean>
}

/**
 * Opens the key in use, and the one that follows it as soon as the charter names it, also one that is prepared while the server runs.
 *
 * Once the later one has taken over, its file is put in the place of the earlier one, which is gone then.
 *
 * @throws Error where the key in use cannot be read. @throws Error (from signing) where the charter names a certificate whose key is not
 * here: nothing is signed with another.
 */
export async function openServiceKeys(home: ServerHome, means: Means): Promise<ServiceKeys> {
  let inUse = await openKey(home.serviceKey.reveal(), means)
  const prepared = async (): Promise<OpenedKey | undefined> => {
    const { serviceNextKey } = home.paths
    return existsSync(serviceNextKey)
      ? await openKey(readFileSync(serviceNextKey, 'utf8'), means)
      : undefined
  }
  const keyNamed = async (fingerprint: string): Promise<ServiceCrypto> => {
    if (fingerprint === '' || fingerprint === inUse.fingerprint) return inUse.crypto
    const next = await prepared()
    if (next?.fingerprint !== fingerprint)
      throw new Error('the charter names a service certificate whose key is not here')
    promoteServiceKey(home.paths)
    inUse = next
    return next.crypto
  }
  return {
    crypto: inUse.crypto,
    holds: async (fingerprint) =>
      fingerprint === inUse.fingerprint || (await prepared())?.fingerprint === fingerprint,
    follow: (directory) => ({
      ...inUse.crypto,
      signAsService: async (payload) => {
        const { serviceFingerprint } = await directory.current()
        return await (await keyNamed(serviceFingerprint)).signAsService(payload)
      },
    }),
  }
}

interface OpenedKey {
  readonly crypto: ServiceCrypto
  readonly fingerprint: string
}

async function openKey(privateKeyArmored: string, means: Means): Promise<OpenedKey> {
  const crypto = await openServiceCrypto({ privateKeyArmored, ...means })
  const facts = await crypto.inspectCertificate(crypto.serviceCertificate, 'service', undefined)
  if (!facts.ok) throw new Error(`the service key is refused: ${facts.refusal.reason}`)
  return { crypto, fingerprint: facts.value.fingerprint }
}
