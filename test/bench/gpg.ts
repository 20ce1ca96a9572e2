import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Contender, otherProcessesMeter } from './measure.ts'

/** What gpg is given to work on. */
export interface GpgWork {
  readonly secretKey: string
  readonly signer: string
  readonly recipients: readonly { readonly certificate: Uint8Array; readonly fingerprint: string }[]
  readonly notices: readonly Uint8Array[]
}

const QUIET = ['--batch', '--yes', '--no-tty', '--quiet', '--trust-model', 'always']

/** gpg, as something to compare with, and what it wrote for one notice. */
export type GpgContender = Contender & {
  readonly write: (turn: number) => Uint8Array
  readonly close: () => void
}

/** One process of gpg for each notice; why there is none where there is none. */
export function gpgContender(work: GpgWork): GpgContender | { readonly missing: string } {
  if (spawnSync('gpg', ['--version']).status !== 0) return { missing: 'gpg is not installed' }
  if (!existsSync('/proc/self/stat')) return { missing: 'CPU time of children needs /proc' }
  // Sockets need a short path.
  const home = mkdtempSync(join(tmpdir(), 'dg-'))
  const env = { ...process.env, GNUPGHOME: home, LC_ALL: 'C' }
  const run = (args: readonly string[], input: string | Uint8Array): Buffer => {
    const { status, stderr, stdout } = spawnSync('gpg', [...QUIET, ...args], { env, input })
    if (status !== 0) throw new Error(`gpg ${args.join(' ')}: ${stderr.toString()}`)
    return stdout
  }
  run(['--import'], work.secretKey)
  for (const { certificate } of work.recipients) run(['--import'], certificate)
  const agent = agentOf(env)
  const write = (turn: number): Uint8Array => {
    const recipient = work.recipients[turn % work.recipients.length]?.fingerprint ?? ''
    const notice = work.notices[turn % work.notices.length] ?? new Uint8Array()
    const args = ['-z', '0', '--local-user', work.signer, '--recipient', recipient]
    const message = run([...args, '--sign', '--encrypt'], notice)
    if (message.length < notice.length) throw new Error('gpg wrote too little')
    return message
  }
  return {
    meter: () => otherProcessesMeter(agent),
    write,
    run: (times) => {
      for (let turn = 0; turn < times; turn++) write(turn)
    },
    close: () => {
      spawnSync('gpgconf', ['--kill', 'all'], { env, stdio: 'ignore' })
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** The process that holds the secret key and signs. */
function agentOf(env: NodeJS.ProcessEnv): number {
  const { stdout } = spawnSync('gpg-connect-agent', ['getinfo pid', '/bye'], { env })
  return Number(/^D (\d+)$/m.exec(stdout.toString())?.[1])
}
