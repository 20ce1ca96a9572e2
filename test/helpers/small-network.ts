import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { program, type Ran } from './command-line.ts'
import { tlsAuthority } from './tls-authority.ts'

/** Public as far as a program can tell; within the network it is this machine, and nothing leads out of it. */
const ADDRESS = '93.184.216.34'
const NAMESPACES = ['--user', '--map-root-user', '--net', '--mount']

/** A network of its own, with one Web Key Directory on port 443 of a public address, and our program in it. */
export interface SmallNetwork {
  /** What the directory has for every address; nothing where it is left out. */
  readonly publish: (certificate?: Uint8Array) => void
  /** What the directory was asked since the last time this was. */
  readonly asked: () => readonly string[]
  /** Runs the program as it is shipped. */
  readonly run: (argv: readonly string[], more?: { readonly isTrusted?: boolean }) => Ran
  readonly close: () => Promise<void>
}

/** Why there is no such network here: it takes rights that not every machine gives its tests. */
export const NO_SMALL_NETWORK: string | undefined = reasonAgainst()

/** Opens it; names that are `inside` lead to the loopback address, the others to the directory. */
export async function smallNetwork(names: {
  readonly directory: readonly string[]
  readonly inside: readonly string[]
}): Promise<SmallNetwork> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-network-'))
  const path = (name: string): string => join(folder, name)
  const all = [...names.directory, ...names.inside]
  const tls = tlsAuthority(all.map((name) => `DNS:${name}`).join())
  writeFileSync(path('key.pem'), tls.key)
  writeFileSync(path('certificate.pem'), tls.certificate)
  writeFileSync(path('authority.pem'), tls.authority)
  writeFileSync(
    path('hosts'),
    [
      ...names.directory.map((name) => `${ADDRESS} ${name}`),
      ...names.inside.map((name) => `127.0.0.1 ${name}`),
      '',
    ].join('\n'),
  )
  const server = spawn(
    'unshare',
    [
      ...NAMESPACES,
      'sh',
      '-c',
      `ip link set lo up && ip addr add ${ADDRESS}/32 dev lo && mount --bind "$1/hosts" /etc/hosts && exec "$2" --import tsx test/helpers/wkd-role.ts "$1"`,
      'sh',
      folder,
      process.execPath,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await once(server.stdout, 'data')
  return {
    publish: (certificate) => {
      if (certificate === undefined) rmSync(path('certificate'), { force: true })
      else writeFileSync(path('certificate'), certificate)
    },
    asked: () => {
      const lines = existsSync(path('requests')) ? readFileSync(path('requests'), 'utf8') : ''
      rmSync(path('requests'), { force: true })
      return lines.split('\n').slice(0, -1)
    },
    run: (argv, { isTrusted = true } = {}) =>
      enter(server, argv, isTrusted ? { NODE_EXTRA_CA_CERTS: path('authority.pem') } : {}),
    close: async () => {
      server.kill('SIGKILL')
      await once(server, 'close')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function enter(
  server: ChildProcess,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
): Ran {
  const { status, stderr, stdout } = spawnSync(
    'nsenter',
    [
      '--target',
      String(server.pid),
      '--user',
      '--net',
      '--mount',
      '--preserve-credentials',
      process.execPath,
      program(),
      ...argv,
    ],
    { encoding: 'utf8', env: { PATH: process.env['PATH'], ...env }, timeout: 60_000 },
  )
  return { code: status ?? -1, out: stdout, err: stderr }
}

function reasonAgainst(): string | undefined {
  const tried = spawnSync(
    'unshare',
    [...NAMESPACES, 'sh', '-c', 'ip link set lo up && mount --bind /etc/hosts /etc/hosts'],
    { encoding: 'utf8' },
  )
  if (tried.status === 0 && spawnSync('nsenter', ['--version']).status === 0) return undefined
  return tried.stderr === '' ? 'no namespaces' : tried.stderr.trim()
}
