import { enums, generateKey, type PrivateKey, reformatKey } from 'openpgp'
import { unlockKey, type UnlockedKey } from '#client/openpgp.ts'
import { accepted, DAY, NOW, revoked } from './openpgp-keys.ts'

/** A key in all the forms in which it is needed. */
export interface SealKey {
  readonly name: string
  readonly key: UnlockedKey
  readonly privateKey: PrivateKey
  readonly certificate: Uint8Array
}

type Options = Parameters<typeof generateKey>[0]

/** Makes a key, an hour old, of any kind that OpenPGP.js can make. */
export async function sealKey(name: string, options: Partial<Options> = {}): Promise<SealKey> {
  const made = await generateKey({
    userIDs: { name },
    date: new Date((NOW - 3600) * 1000),
    type: 'ecc',
    curve: 'curve25519Legacy',
    ...options,
    format: 'object',
  })
  return await opened(name, made.privateKey)
}

async function opened(
  name: string,
  privateKey: PrivateKey,
  certificate = privateKey.toPublic().write(),
): Promise<SealKey> {
  const key = accepted(await unlockKey(privateKey.armor(), ''))
  return { name, key, privateKey, certificate }
}

/** Keys that sign by native arithmetic. */
export async function nativeSigners(): Promise<readonly SealKey[]> {
  return await Promise.all([
    sealKey('Ed25519, older form'),
    sealKey('Ed25519, newer form', { type: 'curve25519', config: { v6Keys: false } }),
    sealKey('a signing subkey', { subkeys: [{ sign: true }, {}] }),
  ])
}

/** Keys that are written to by native arithmetic. */
export async function nativeReaders(): Promise<readonly SealKey[]> {
  return await Promise.all([
    sealKey('Curve25519, older form'),
    sealKey('Curve25519, newer form', { type: 'curve25519', config: { v6Keys: false } }),
    sealKey('P-256', { curve: 'nistP256' }),
    sealKey('P-384', { curve: 'nistP384' }),
    sealKey('P-521', { curve: 'nistP521' }),
    sealKey('RSA', { type: 'rsa', rsaBits: 3072 }),
    sealKey('two encryption subkeys', { subkeys: [{}, {}] }),
  ])
}

/** Keys that OpenPGP.js alone can handle, or that only one of signing and encrypting is native for. */
export async function strangeKeys(): Promise<readonly SealKey[]> {
  return await Promise.all([
    sealKey('version 6', { type: 'curve25519', config: { v6Keys: true } }),
    sealKey('X448', { type: 'curve448', config: { v6Keys: false } }),
  ])
}

/** Keys that may not be used, each for another reason. */
export async function unfitKeys(): Promise<readonly SealKey[]> {
  const gone = await sealKey('revoked')
  const hard = await revoked(gone.privateKey, enums.reasonForRevocation.keyCompromised, NOW - 60)
  const retired = await revoked(gone.privateKey, enums.reasonForRevocation.keyRetired, NOW - 60)
  const young = await sealKey('made tomorrow', { date: new Date((NOW + DAY) * 1000) })
  const lapsed = await sealKey('lapsed', {
    date: new Date((NOW - 2 * DAY) * 1000),
    keyExpirationTime: DAY,
  })
  const renamed = await reformatKey({
    privateKey: lapsed.privateKey,
    userIDs: { name: 'renamed' },
    keyExpirationTime: 2 * DAY - 600,
    date: new Date((NOW - 2 * DAY + 60) * 1000),
    format: 'object',
  })
  return [
    lapsed,
    young,
    { ...gone, name: 'revoked as compromised', certificate: hard },
    { ...gone, name: 'retired', certificate: retired },
    await opened('renewed and lapsed again', renamed.privateKey),
    await sealKey('no encryption subkey', { subkeys: [{ sign: true }] }),
    await sealKey('short RSA', { type: 'rsa', rsaBits: 2048, config: { minRSABits: 2048 } }),
    { ...gone, name: 'no certificate', certificate: new Uint8Array([1, 2, 3]) },
    { ...gone, name: 'cut short', certificate: gone.certificate.slice(0, -7) },
  ]
}
