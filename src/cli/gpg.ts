import { spawn } from 'node:child_process'
import { fromUtf8, utf8 } from '#core/bytes.ts'
import { readCertificate, readSignature, verifySignature } from '#core/openpgp.ts'
import { readArmor, writeArmor } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import type { Io } from './io.ts'
import type { Passphrases } from './passphrase.ts'
import { UsageError } from './usage-error.ts'

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
const FINGERPRINT = /^(?:0x)?([0-9a-f]{40}|[0-9a-f]{64})$/i

/** A key that the local gpg holds, perhaps on a card. */
export interface Gpg {
  readonly fingerprint: string
  /** Public, binary. */
  readonly certificate: Uint8Array
  /** An armored detached signature, already verified. `at` is POSIX seconds. */
  sign(payload: Uint8Array, at?: number): Promise<Result<string>>
  /** The exact plaintext. */
  decrypt(message: Uint8Array): Promise<Result<Uint8Array>>
}

/** Which gpg, and what it may ask. */
export interface GpgOptions {
  readonly fingerprint: string
  readonly home: string | undefined
  /** Where absent, the agent asks by itself. */
  readonly passphrases: Passphrases | undefined
}

interface GpgRun {
  readonly code: number
  readonly stdout: Uint8Array
  readonly status: string
}

/**
 * Opens a key of the local gpg: exports its certificate.
 *
 * @throws UsageError where the fingerprint is not written out in full: short ids name other people's keys as well.
 */
export async function openGpg(io: Io, options: GpgOptions): Promise<Result<Gpg>> {
  const fingerprint = FINGERPRINT.exec(options.fingerprint.replaceAll(' ', ''))?.[1]?.toLowerCase()
  if (fingerprint === undefined)
    throw new UsageError('--gpg takes a whole fingerprint: 40 hex digits')
  const run = runner(io, options.home)
  const exported = await run(['--export-options', 'export-minimal', '--export', fingerprint], {})
  if (!exported.ok) return exported
  if (exported.value.stdout.length === 0) return refuse('key-missing', 'gpg has no such key')
  const certificate = await readCertificate(exported.value.stdout)
  if (!certificate.ok) return certificate
  const primary = certificate.value.life.primary.fingerprint
  const secrets = passphraseOnce(options.passphrases, `gpg key ${primary}`)
  return accept({
    fingerprint: primary,
    certificate: exported.value.stdout,
    sign: async (payload, at) =>
      await sign({ run, secrets, fingerprint, certificate: exported.value.stdout }, payload, at),
    decrypt: async (message) => await decrypt(run, secrets, message),
  })
}

type Runner = (
  args: readonly string[],
  input: { stdin?: Uint8Array; passphrase?: string },
) => Promise<Result<GpgRun>>

interface SigningKey {
  readonly run: Runner
  readonly secrets: () => Promise<Result<string | undefined>>
  readonly fingerprint: string
  readonly certificate: Uint8Array
}

/** Signs an act and nothing else, and checks what gpg made before anybody sees it. */
async function sign(
  key: SigningKey,
  payload: Uint8Array,
  at: number | undefined,
): Promise<Result<string>> {
  const act = parseAct(payload)
  if (!act.ok) return act
  const passphrase = await key.secrets()
  if (!passphrase.ok) return passphrase
  const made = await key.run(
    [
      ...(at === undefined ? [] : ['--faked-system-time', `${gpgTime(at)}!`]),
      '--local-user',
      key.fingerprint,
      '--armor',
      '--detach-sign',
      '--output',
      '-',
    ],
    { stdin: payload, ...given(passphrase.value) },
  )
  if (!made.ok) return made
  if (made.value.code !== 0) return failure(made.value, 'gpg did not sign')
  const packet = readArmor(fromUtf8(made.value.stdout) ?? '', 'PGP SIGNATURE')
  if (!packet.ok) return packet
  const read = readSignature(packet.value)
  if (!read.ok) return read
  const { certificate } = key
  const verified = await verifySignature({
    payload,
    signature: read.value.packet,
    certificate,
    validAt: [],
  })
  return verified.ok ? accept(writeArmor('PGP SIGNATURE', verified.value.packet)) : verified
}

async function decrypt(
  run: Runner,
  secrets: SigningKey['secrets'],
  message: Uint8Array,
): Promise<Result<Uint8Array>> {
  const passphrase = await secrets()
  if (!passphrase.ok) return passphrase
  const opened = await run(['--decrypt', '--output', '-'], {
    stdin: message,
    ...given(passphrase.value),
  })
  if (!opened.ok) return opened
  return opened.value.status.includes('DECRYPTION_OKAY')
    ? accept(opened.value.stdout)
    : failure(opened.value, 'gpg did not decrypt')
}

/** Asks for the passphrase once, and only where the caller chose not to leave that to the agent. */
function passphraseOnce(
  passphrases: Passphrases | undefined,
  prompt: string,
): SigningKey['secrets'] {
  let known: Result<string> | undefined
  return async () => {
    if (passphrases === undefined) return accept(undefined)
    known ??= await passphrases.next(prompt)
    return known
  }
}

function given(passphrase: string | undefined): { passphrase?: string } {
  return passphrase === undefined ? {} : { passphrase }
}

function failure({ code, status }: GpgRun, what: string): Result<never> {
  const [, reported] = /^\[GNUPG:\] (?:FAILURE|ERROR) \S+ (\d+)/m.exec(status) ?? []
  const error = Number(reported ?? '0') % ERROR_CODES
  const why = ERRORS.get(error)
  if (error === BAD_PASSPHRASE || error === BAD_PIN)
    return refuse('passphrase-wrong', `${what}: ${why ?? ''}`)
  if (why !== undefined) return refuse('key-missing', `${what}: ${why}`)
  const told = status.includes('INV_SGNR')
    ? 'that key cannot sign'
    : `it ended with ${String(code)}`
  const isAsking = status.includes('PINENTRY_LAUNCHED')
  return refuse('key-missing', `${what}: ${isAsking ? ASKED_IN_VAIN : told}`)
}

/** The upper half of what gpg reports says which of its parts failed. */
const ERROR_CODES = 2 ** 16
const BAD_PASSPHRASE = 11
const BAD_PIN = 87
const ASKED_IN_VAIN =
  'nobody could be asked for the passphrase; give --passphrase-fd, or set GPG_TTY'

/** The error codes of libgpg-error that a person can do something about. */
const ERRORS: ReadonlyMap<number, string> = new Map([
  [BAD_PASSPHRASE, 'the passphrase is wrong'],
  [17, 'it does not have the secret key'],
  [54, 'the key cannot be used: it is expired, revoked, or made for something else'],
  [62, 'nobody answered its question in time'],
  [85, 'it has no program to ask for the passphrase'],
  [86, ASKED_IN_VAIN],
  [BAD_PIN, 'the PIN is wrong'],
  [99, 'it was called off'],
  [108, 'the smartcard failed'],
  [110, 'the smartcard was taken out'],
  [112, 'the smartcard is not inserted'],
  [114, 'it was not confirmed on the device'],
  [119, 'it has no program for smartcards (scdaemon)'],
  [120, 'its program for smartcards (scdaemon) failed'],
  [130, 'the PIN of the smartcard is blocked'],
])

/** Runs gpg with machine-readable status on descriptor 3 and, where wanted, the passphrase on descriptor 4. */
function runner(io: Io, home: string | undefined): Runner {
  return async (args, { stdin, passphrase }) => {
    const secret =
      passphrase === undefined ? [] : ['--pinentry-mode', 'loopback', '--passphrase-fd', '4']
    const all = [
      '--batch',
      '--no-tty',
      '--status-fd',
      '3',
      ...(home === undefined ? [] : ['--homedir', home]),
      ...secret,
      ...args,
    ]
    return await new Promise((resolve) => {
      const child = spawn('gpg', all, {
        cwd: io.cwd,
        env: { ...io.env, LC_ALL: 'C' },
        stdio: ['pipe', 'pipe', 'ignore', 'pipe', 'pipe'],
      })
      const output = collect(child.stdout)
      const status = collect(child.stdio[3])
      feed(child.stdin, stdin ?? new Uint8Array())
      feed(child.stdio[4], passphrase === undefined ? new Uint8Array() : utf8(`${passphrase}\n`))
      child.once('error', () => {
        resolve(refuse('key-missing', 'gpg is not installed, or not in PATH'))
      })
      child.once('close', (code) => {
        resolve(accept({ code: code ?? -1, stdout: output(), status: fromUtf8(status()) ?? '' }))
      })
    })
  }
}

function collect(stream: unknown): () => Uint8Array {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (isReadable(stream)) {
    stream.on('error', () => undefined)
    stream.on('data', (chunk: Uint8Array) => {
      bytes += chunk.length
      if (bytes <= OUTPUT_BYTES_MAX) chunks.push(chunk)
    })
  }
  return () => new Uint8Array(Buffer.concat(chunks))
}

/** gpg may close its end early, which is no fault of ours: its exit code says what happened. */
function feed(stream: unknown, bytes: Uint8Array): void {
  if (!isWritable(stream)) return
  stream.on('error', () => undefined)
  stream.end(bytes)
}

function isReadable(stream: unknown): stream is NodeJS.ReadableStream {
  return typeof stream === 'object' && stream !== null && 'read' in stream
}

function isWritable(stream: unknown): stream is NodeJS.WritableStream {
  return typeof stream === 'object' && stream !== null && 'write' in stream
}

/** `20261123T000000`, as gpg reads it. */
function gpgTime(at: number): string {
  return new Date(at * 1000).toISOString().slice(0, 19).replaceAll(/[-:]/g, '')
}
