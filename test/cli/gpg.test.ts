import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { verifySignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import { openGpg } from '#cli/gpg.ts'
import { openHome } from '#cli/home.ts'
import { runHere, scratch, textOf } from '#test/helpers/command-line.ts'
import { gpgMissing } from '#test/helpers/gpg.ts'

const PASSPHRASE = 'correct horse'
const ACT = utf8(
  `{"at":"2026-11-23T10:00:00Z","body":{"campaign":"${'ab'.repeat(32)}"},"by":{"party":"contoso.example"},` +
    `"directory":"${'cd'.repeat(32)}","expires":"2026-11-30T10:00:00Z","nonce":"${'01'.repeat(16)}",` +
    `"origin":"coalition.example","type":"campaign.accept","v":1}`,
)
const ENV = { PATH: process.env['PATH'] }

/** Keyrings stand right under the temporary folder: the path of an agent's socket is short. */
const keyring = mkdtempSync(join(tmpdir(), 'dk-'))
const folder = scratch()
const draft = join(folder.path, 'act.json')
let open = ''
let locked = ''
let expired = ''

function gpg(args: readonly string[]): string {
  const ran = spawnSync('gpg', ['--homedir', keyring, '--batch', '--no-tty', '--yes', ...args], {
    encoding: 'utf8',
  })
  if (ran.status !== 0) throw new Error(ran.stderr)
  return ran.stdout
}

function generate(name: string, passphrase: string, options: readonly string[] = []): string {
  gpg([
    ...options,
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    passphrase,
    '--quick-generate-key',
    name,
    'ed25519',
    'sign',
    options.length > 0 ? '1d' : 'never',
  ])
  const fingerprint =
    /^fpr:+([0-9A-F]{40}):/m.exec(gpg(['--with-colons', '--list-keys', name]))?.[1] ?? ''
  gpg([
    ...options,
    '--pinentry-mode',
    'loopback',
    '--passphrase',
    passphrase,
    '--quick-add-key',
    fingerprint,
    'cv25519',
    'encr',
    options.length > 0 ? '1d' : 'never',
  ])
  return fingerprint
}

function encrypted(plaintext: string): string {
  const ran = spawnSync(
    'gpg',
    [
      '--homedir',
      keyring,
      '--batch',
      '--no-tty',
      '--trust-model',
      'always',
      '--armor',
      '-z',
      '0',
      '--recipient',
      open,
      '--encrypt',
    ],
    { input: plaintext, encoding: 'utf8' },
  )
  if (ran.status !== 0) throw new Error(ran.stderr)
  return ran.stdout
}

/** Forgets passphrases that the agent was told. */
function forget(): void {
  spawnSync('gpgconf', ['--homedir', keyring, '--kill', 'gpg-agent'])
}

const asking = {
  fd: (text: string) => ({
    choose: never,
    next: async () => await Promise.resolve({ ok: true as const, value: text }),
  }),
}

async function never(): Promise<never> {
  return await Promise.reject(new Error('no new passphrase is wanted'))
}

async function sign(
  options: readonly string[],
  env: Readonly<Record<string, string | undefined>> = ENV,
) {
  const out = join(folder.path, `${sha256Hex(utf8(JSON.stringify([options, env])))}.asc`)
  rmSync(out, { force: true })
  return {
    out,
    ran: await runHere(
      ['party', 'sign', draft, '--gpg-home', keyring, ...options, '--out', out, '--json'],
      { env },
    ),
  }
}

const gpgTest = test.skipIf(gpgMissing !== undefined)

beforeAll(() => {
  if (gpgMissing !== undefined) return
  writeFileSync(draft, ACT)
  writeFileSync(join(keyring, 'gpg-agent.conf'), 'allow-loopback-pinentry\n')
  open = generate('Open', '')
  locked = generate('Locked', PASSPHRASE)
  expired = generate('Expired', '', ['--faked-system-time', '20240101T000000'])
  forget()
})
afterAll(() => {
  if (gpgMissing !== undefined) return
  spawnSync('gpgconf', ['--homedir', keyring, '--kill', 'all'])
  rmSync(keyring, { recursive: true, force: true })
  folder.clear()
})

gpgTest(
  'gpg signs an act with a signature that stands, by a fingerprint in any spelling',
  async () => {
    for (const spelling of [
      open,
      open.toLowerCase(),
      `0x${open}`,
      open.replace(/(.{4})/g, '$1 ').trim(),
    ]) {
      const { out, ran } = await sign(['--gpg', spelling])
      expect(ran).toMatchObject({ code: 0, err: '' })
      expect(textOf(ran, 'fingerprint')).toBe(open.toLowerCase())
      const packet = readArmor(readFileSync(out, 'utf8'), 'PGP SIGNATURE')
      const exported = readArmor(
        fromUtf8(utf8(gpg(['--armor', '--export-options', 'export-minimal', '--export', open]))) ??
          '',
        'PGP PUBLIC KEY BLOCK',
      )
      if (!packet.ok || !exported.ok) throw new Error('gpg made something else')
      const verified = await verifySignature({
        payload: ACT,
        signature: packet.value,
        certificate: exported.value,
        validAt: [],
      })
      expect(verified.ok).toBe(true)
    }
  },
)

gpgTest('gpg is told the passphrase from a file where the key has one', async () => {
  const file = join(folder.path, 'passphrase')
  writeFileSync(file, `${PASSPHRASE}\n`)
  const { ran } = await sign(['--gpg', locked, '--passphrase-file', file])
  expect(ran).toMatchObject({ code: 0, err: '' })
  forget()
  const nobody = await sign(['--gpg', locked])
  expect(nobody.ran.code).toBe(8)
  expect(nobody.ran.err).toMatch(/nobody could be asked|no program to ask/)
  writeFileSync(file, 'wrong\n')
  const refused = await sign(['--gpg', locked, '--passphrase-file', file])
  expect(refused.ran.code).toBe(8)
  expect(refused.ran.err).toContain('passphrase is wrong')
})

gpgTest('every way in which gpg cannot sign is said in words, with code 8', async () => {
  const missing = await sign(['--gpg', 'a'.repeat(40)])
  const past = await sign(['--gpg', expired])
  const absent = await sign(['--gpg', open], { PATH: folder.path })
  expect([missing, past, absent].map(({ ran }) => ran.code)).toEqual([8, 8, 8])
  expect(missing.ran.err).toContain('gpg has no such key')
  expect(past.ran.err).toContain('gpg did not sign: the key cannot be used: it is expired')
  expect(absent.ran.err).toContain('gpg is not installed')
})

gpgTest('a short id, which is anybody’s, is refused', async () => {
  for (const short of [open.slice(-8), open.slice(-16), 'Open', `${open}0`]) {
    const { ran } = await sign(['--gpg', short])
    expect(ran.code, short).toBe(2)
    expect(ran.err).toContain('whole fingerprint')
  }
})

gpgTest('what gpg hands back is believed only once it verifies over the act', async () => {
  const bin = mkdtempSync(join(tmpdir(), 'db-'))
  const real = spawnSync('sh', ['-c', 'command -v gpg'], { encoding: 'utf8' }).stdout.trim()
  // A gpg that signs something else than it was given.
  writeFileSync(
    join(bin, 'gpg'),
    `#!/bin/sh\ncase "$*" in *detach-sign*) cat >/dev/null; printf other | exec ${real} "$@";; *) exec ${real} "$@";; esac\n`,
  )
  chmodSync(join(bin, 'gpg'), 0o755)
  const { ran } = await sign(['--gpg', open], { PATH: `${bin}:${process.env['PATH'] ?? ''}` })
  expect(ran.code).toBe(4)
  expect(ran.err).toContain('signature-not-accepted')
  rmSync(bin, { recursive: true, force: true })
})

gpgTest('nothing but an act is handed to gpg', async () => {
  const io = { ...(await capturedIo()), env: ENV }
  const key = await openGpg(io, { fingerprint: open, home: keyring, passphrases: asking.fd('') })
  if (!key.ok) throw new Error(key.refusal.reason)
  for (const bytes of [utf8('pay'), utf8('Content-Type: text/plain\r\n\r\nhello'), utf8('{}')]) {
    expect((await key.value.sign(bytes)).ok).toBe(false)
  }
  expect((await key.value.sign(ACT)).ok).toBe(true)
})

gpgTest(
  'a challenge is answered through gpg, and whatever else a server sends is answered with nothing',
  async () => {
    const fingerprint = open.toLowerCase()
    const home = join(folder.path, 'home')
    const coalition = { origin: 'coalition.example', genesis: 'ab'.repeat(32) }
    openHome(home).write('pins', 'coalition', JSON.stringify(coalition))
    const start = `dunant-challenge-v1\ncoalition.example\nofficer\n${fingerprint}\n`
    const answer = '0f'.repeat(32)
    const plaintexts: readonly (readonly [number, string])[] = [
      [0, `${start}${answer}\n`],
      [5, `Content-Type: text/plain\r\n\r\nDear customer, ${answer}\n`],
      [5, `${start}${answer}\n\n`],
      [5, `${start}${answer.toUpperCase()}\n`],
      [5, `${start.replace('officer', 'mailbox')}${answer}\n`],
      [5, `${start.replace('coalition', 'other')}${answer}\n`],
      [5, `${start.replace(fingerprint, 'a'.repeat(40))}${answer}\n`],
    ]
    for (const [code, plaintext] of plaintexts) {
      const served = createServer((_, response) => response.end(encrypted(plaintext)))
      await new Promise<void>((resolve) => served.listen(0, '127.0.0.1', resolve))
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a TCP server has such an address
      const url = `http://127.0.0.1:${String((served.address() as AddressInfo).port)}`
      const words = [
        'challenge',
        'answer',
        '--gpg',
        open,
        '--gpg-home',
        keyring,
        '--home',
        home,
        '--json',
        '--server',
        url,
      ]
      const ran = await runHere(words, { env: ENV })
      served.close()
      expect(ran.code, plaintext).toBe(code)
      if (code === 0) expect(textOf(ran, 'challenge')).toBe(answer)
      else expect(`${ran.out}${ran.err}`).not.toMatch(/0f0f|Dear/i)
    }
  },
)

gpgTest('gpg dates a signature as it is told, for a mailbox', async () => {
  const io = { ...(await capturedIo()), env: ENV }
  const key = await openGpg(io, { fingerprint: open, home: keyring, passphrases: undefined })
  if (!key.ok) throw new Error(key.refusal.reason)
  const at = Math.floor(Date.now() / 1000) + 86_400
  const midnight = at - (at % 86_400)
  const signature = await key.value.sign(ACT, midnight)
  const packet = signature.ok ? readArmor(signature.value, 'PGP SIGNATURE') : signature
  if (!packet.ok) throw new Error(packet.refusal.detail ?? packet.refusal.reason)
  const verified = await verifySignature({
    payload: ACT,
    signature: packet.value,
    certificate: key.value.certificate,
    validAt: [],
  })
  expect(verified.ok && verified.value.createdAt).toBe(midnight)
})

async function capturedIo() {
  const { Readable } = await import('node:stream')
  const sink = { write: () => undefined }
  return {
    stdin: Readable.from([]),
    stdout: sink,
    stderr: sink,
    isTerminal: false,
    cwd: folder.path,
    now: () => Math.floor(Date.now() / 1000),
  }
}
