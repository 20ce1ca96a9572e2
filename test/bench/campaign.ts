import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  program,
  runProcess,
  type ServedFolder,
  serveFolder,
  textOf,
} from '#test/helpers/command-line.ts'
import { type Group, type Line, rounded } from './measure.ts'

const CUSTOMERS = 50_000
const KILLED_AT = 0.6
const COMPANY = 'contoso.example'
const LOOK_MILLISECONDS = 50

/** From a list of fifty thousand customers to a filed notice with a proven file for each: the program as it is shipped, and its server. */
export const campaign: Group = {
  name: 'campaign',
  lines: ['campaign-filed', 'campaign-memory', 'campaign-resumed'],
  run: async (effort, print) => {
    // It takes minutes.
    if (effort.isQuick) return
    const desk = await openDesk()
    try {
      const whole = await filed(desk, 'whole')
      const composed = whole.spoolBytes
      const first = await filed(desk, 'killed', composed * KILLED_AT)
      const second = await filed(desk, 'killed')
      print(wallLine(whole))
      print(memoryLine([whole, first, second]))
      print(resumedLine(whole, first.seconds + second.seconds))
    } finally {
      await desk.close()
    }
  },
}

interface Desk {
  readonly folder: string
  readonly env: Readonly<Record<string, string>>
  readonly server: ServedFolder
  close(): Promise<void>
}

/** What one run of the filing process took. */
interface Ran {
  readonly seconds: number
  readonly peakMegabytes: number
  /** The size that what was composed had at its largest. */
  readonly spoolBytes: number
  readonly load: number
}

async function openDesk(): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-bench-'))
  const path = (name: string) => join(folder, name)
  const env = { DUNANT_PASSPHRASE_FILE: path('passphrase') }
  writeFileSync(env.DUNANT_PASSPHRASE_FILE, 'correct horse\n')
  const dunant = async (line: string) => {
    const ran = await runProcess([...line.split(' '), '--home', path('home'), '--json'], {
      cwd: folder,
      env,
    })
    if (ran.code !== 0) throw new Error(ran.err)
    return ran
  }
  const data = path('server')
  textOf(
    await dunant(`init --solo ${COMPANY} --origin notices.${COMPANY} --data ${data}`),
    'genesis',
  )
  const server = await serveFolder(data)
  await dunant(`directory pin --server ${server.url}`)
  await dunant(`notice draft --out ${path('draft')}`)
  const brief = path('draft/brief.json')
  const text = readFileSync(brief, 'utf8')
  writeFileSync(brief, text.replace('WRITE YOUR OWN NUMBER HERE', '+41 22 555 01 02'))
  for (const name of ['whole', 'killed']) writeFileSync(path(`${name}.csv`), csv(name))
  return {
    folder,
    env,
    server,
    close: async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function csv(name: string): string {
  const languages = ['ar', 'de', 'en', 'es', 'fr', 'pt', 'ru', 'zh-Hans']
  const rows = Array.from({ length: CUSTOMERS }, (_, i) => {
    const facts = `"asset=email-account; target_state=access-confirmed; sought=messages,sources; seen=Sign-in ${String(i)} came from a country in which you have never been."`
    return `customer-${String(i)}@${name}.example,${languages[i % languages.length] ?? 'en'},${facts}`
  })
  return `account,language,facts\n${rows.join('\n')}\n`
}

/** Runs the filing until it ends, or kills it once it has composed so many bytes. */
async function filed({ env, folder }: Desk, name: string, killedAt?: number): Promise<Ran> {
  const out = join(folder, name)
  const path = (file: string) => join(folder, file)
  const line =
    `notice file --key contoso-example --home ${path('home')} --json --out ${out}` +
    ` --customers ${path(`${name}.csv`)} --brief ${path('draft/brief.json')}`
  const started = performance.now()
  const child = spawn(process.execPath, [program(), ...line.split(' ')], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = once(child, 'exit')
  const seen = { peakMegabytes: 0, spoolBytes: 0 }
  while (child.exitCode === null && child.signalCode === null) {
    seen.peakMegabytes = Math.max(seen.peakMegabytes, peakOf(child))
    seen.spoolBytes = Math.max(seen.spoolBytes, sizeOf(join(out, 'work/composed')))
    if (killedAt !== undefined && seen.spoolBytes >= killedAt) child.kill('SIGKILL')
    await sleep(LOOK_MILLISECONDS)
  }
  await ended
  const isAsWanted = killedAt === undefined ? child.exitCode === 0 : child.signalCode === 'SIGKILL'
  if (!isAsWanted) throw new Error(`the filing ended with ${String(child.exitCode)}`)
  const seconds = (performance.now() - started) / 1000
  return { ...seen, seconds, load: loadavg()[0] ?? 0 }
}

/** The most memory that a process had so far, as Linux counts it; 0 elsewhere. */
function peakOf({ pid }: ChildProcess): number {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}

function sizeOf(path: string): number {
  return existsSync(path) ? statSync(path).size : 0
}

const LINE = { goal: null, ratio: null, better: 'lower', samples: 1 } as const

function wallLine({ load, seconds }: Ran): Line {
  const machine = `${String(availableParallelism())} cores, load ${String(rounded(load))} at its end`
  return {
    ...LINE,
    name: 'campaign-filed',
    value: rounded(seconds),
    unit: `seconds from a CSV of ${String(CUSTOMERS)} customers to a filed notice and a durable file with its receipt for each`,
    reference: `${machine}; server and filing process as they are shipped`,
  }
}

function memoryLine(runs: readonly Ran[]): Line {
  return {
    ...LINE,
    name: 'campaign-memory',
    value: rounded(Math.max(...runs.map(({ peakMegabytes }) => peakMegabytes))),
    unit: 'megabytes resident at most, of the filing process',
    reference: `${String(CUSTOMERS)} customers; the most of ${String(runs.length)} runs`,
    samples: runs.length,
  }
}

function resumedLine(whole: Ran, seconds: number): Line {
  return {
    ...LINE,
    name: 'campaign-resumed',
    ratio: rounded(seconds / whole.seconds),
    goal: 1.2,
    value: rounded(seconds),
    unit: `seconds for the same with a kill once ${String(KILLED_AT * 100)} % was composed, and the same command again`,
    reference: `${String(rounded(whole.seconds))} s without a kill`,
  }
}
