import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '#adapters/system/clock.ts'
import { base64, fromBase64, utf8 } from '#core/bytes.ts'
import { emptyDirectory } from '#core/directory.ts'
import { createServerHome, readServerHome, serverPaths } from '#entry/home.ts'
import { openServiceKeys, prepareServiceKey } from '#entry/service-keys.ts'
import type { DirectoryReader } from '#service/read-directory.ts'

const ORIGIN = 'coalition.example'
const PAYLOAD = utf8('{}')
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function newHome(): Promise<{ home: string; certificate: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-keys-'))
  folders.push(folder)
  const home = join(folder, 'home')
  const terms = await createServerHome(home, { origin: ORIGIN })
  return { home, certificate: terms.service_certificate }
}

/** A directory whose charter names one certificate after the other. */
function namingDirectory(): DirectoryReader & { name: (fingerprint: string) => void } {
  let serviceFingerprint = ''
  return {
    name: (fingerprint) => {
      serviceFingerprint = fingerprint
    },
    current: async () => await Promise.resolve({ ...emptyDirectory(ORIGIN), serviceFingerprint }),
  }
}

/** Whether what is signed now verifies under a certificate. */
async function signsWith(
  crypto: Awaited<ReturnType<typeof openServiceKeys>>['crypto'],
  certificate: string,
): Promise<boolean> {
  const signature = await crypto.signAsService(PAYLOAD)
  const verified = await crypto.verifySignature({
    payload: PAYLOAD,
    signature,
    certificate: fromBase64(certificate) ?? new Uint8Array(),
    validAt: [systemClock.now()],
  })
  return verified.ok
}

test('the key signs that the charter names at the moment, also one that was prepared while the server ran', async () => {
  const { certificate, home } = await newHome()
  const keys = await openServiceKeys(readServerHome(home), { clock: systemClock })
  const directory = namingDirectory()
  const crypto = keys.follow(directory)
  const next = await prepareServiceKey(home)
  expect(await signsWith(crypto, certificate)).toBe(true)
  expect(await signsWith(crypto, next.service_certificate)).toBe(false)
  directory.name(next.fingerprint)
  expect(await signsWith(crypto, next.service_certificate)).toBe(true)
  expect(await signsWith(crypto, certificate)).toBe(false)
})

test('once it has signed, the key that followed is in the place of the one before, for the next start too', async () => {
  const { certificate, home } = await newHome()
  const { serviceKey, serviceNextKey } = serverPaths(home)
  const next = await prepareServiceKey(home)
  const armored = readFileSync(serviceNextKey, 'utf8')
  const directory = namingDirectory()
  directory.name(next.fingerprint)
  for (let start = 0; start < 2; start++) {
    const keys = await openServiceKeys(readServerHome(home), { clock: systemClock })
    expect(await signsWith(keys.follow(directory), next.service_certificate)).toBe(true)
  }
  expect(existsSync(serviceNextKey)).toBe(false)
  expect(readFileSync(serviceKey, 'utf8')).toBe(armored)
  const reopened = await openServiceKeys(readServerHome(home), { clock: systemClock })
  expect(base64(reopened.crypto.serviceCertificate)).not.toBe(certificate)
})

test('nothing is signed where the charter names a certificate whose key is not here', async () => {
  const { home } = await newHome()
  const keys = await openServiceKeys(readServerHome(home), { clock: systemClock })
  await prepareServiceKey(home)
  const directory = namingDirectory()
  directory.name('ab'.repeat(20))
  await expect(keys.follow(directory).signAsService(PAYLOAD)).rejects.toThrow('is not here')
  expect(await keys.holds('ab'.repeat(20))).toBe(false)
})

test('a key that was prepared stays the one until the charter names it', async () => {
  const { home } = await newHome()
  const first = await prepareServiceKey(home)
  const second = await prepareServiceKey(home)
  expect([first.isNew, second.isNew]).toEqual([true, false])
  expect(second.fingerprint).toBe(first.fingerprint)
})
