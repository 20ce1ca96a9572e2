import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A run of the real gpg: what it wrote, and its status lines (`[GNUPG:] GOODSIG …`). */
export interface GpgRun {
  readonly code: number
  readonly stdout: Uint8Array
  readonly status: string
}

/** A keyring of its own, with its own agent. */
export interface Gpg {
  /** Runs gpg; throws where it fails, unless `mayFail`. */
  run(args: readonly string[], options?: { input?: Uint8Array; mayFail?: boolean }): GpgRun
  /** Writes a file beside the keyring and gives its path. */
  file(name: string, bytes: Uint8Array | string): string
  /** Makes a signing key with an encryption subkey; gives the fingerprint, lower-case hex. */
  generate(key: {
    userId: string
    algorithm?: 'ed25519' | 'rsa3072'
    options?: readonly string[]
    expire?: string
  }): string
  /** The binary certificate. */
  export(fingerprint: string): Uint8Array
  read(name: string): Uint8Array
  close(): void
}

/** Why tests with gpg are skipped, or `undefined` where it is installed. */
export const gpgMissing: string | undefined =
  spawnSync('gpg', ['--version']).status === 0 ? undefined : 'gpg is not installed'

if (gpgMissing !== undefined) process.stderr.write(`tests with gpg are skipped: ${gpgMissing}\n`)

/** Opens a fresh keyring under the system's temporary folder; sockets need a short path. */
export function openGpg(): Gpg {
  const home = mkdtempSync(join(tmpdir(), 'dg-'))
  const env = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' }
  const run: Gpg['run'] = (args, { input, mayFail } = {}) => {
    const statusFile = join(home, 'status')
    const result = spawnSync(
      'gpg',
      [
        '--batch',
        '--yes',
        '--no-tty',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        '',
        '--trust-model',
        'always',
        '--status-file',
        statusFile,
        ...args,
      ],
      { env, input: input ?? '', maxBuffer: 64 * 1024 * 1024 },
    )
    if (result.status !== 0 && mayFail !== true) {
      throw new Error(`gpg ${args.join(' ')}: ${result.stderr.toString()}`)
    }
    const status = readFileSync(statusFile, 'utf8')
    return {
      code: result.status ?? -1,
      stdout: new Uint8Array(result.stdout),
      status: `${status}\n${result.stderr.toString()}`,
    }
  }
  const path = (name: string) => join(home, name)
  return {
    run,
    file: (name, bytes) => {
      writeFileSync(path(name), bytes)
      return path(name)
    },
    read: (name) => new Uint8Array(readFileSync(path(name))),
    generate: ({ userId, algorithm = 'ed25519', options = [], expire = 'never' }) => {
      const created = run([...options, '--quick-generate-key', userId, algorithm, 'sign', expire])
      const fingerprint = /KEY_CREATED P ([0-9A-F]{40})/.exec(created.status)?.[1]
      if (fingerprint === undefined) throw new Error(created.status)
      const encryption = algorithm === 'ed25519' ? 'cv25519' : algorithm
      run([...options, '--quick-add-key', fingerprint, encryption, 'encr', expire])
      return fingerprint.toLowerCase()
    },
    export: (fingerprint) => run(['--export', fingerprint]).stdout,
    close: () => {
      spawnSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' })
      rmSync(home, { recursive: true, force: true })
    },
  }
}
