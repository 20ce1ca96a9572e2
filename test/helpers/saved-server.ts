import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hex, utf8 } from '#core/bytes.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import type { RunningWitness } from '#entry/witness.ts'
import { jsonOf, type Ran, runHere } from './command-line.ts'
import { fileNotice, idOf, openCampaign } from './notices.ts'
import { ORIGIN, threeOf } from './coalition.ts'
import { type ServerProcess, startServerProcess, type Witnessed } from './server-process.ts'
import { serveWitness, type WitnessFolder, witnessFolder } from './witnesses.ts'

/** A server that was saved while it ran, went on, was saved again, and ended. */
export interface SavedServer {
  readonly server: ServerProcess
  /** Its home, as it stood at its end. */
  readonly home: string
  readonly path: (name: string) => string
  /** The two runs of `dunant backup` into one folder. */
  readonly runs: readonly Ran[]
  /** The same folder, as it was after the first run. */
  readonly yesterday: string
  readonly today: string
  /** The act that only today's backup has. */
  readonly lateAct: string
  /** Where each of the three witnesses, of which the charter wants two, shows the last checkpoint that it cosigned. */
  readonly monitors: readonly string[]
  /** Their verifier keys. */
  readonly vkeys: readonly string[]
  /** Waits until all witnesses have seen so many entries. */
  readonly reach: (size: number) => Promise<void>
  readonly clear: () => Promise<void>
}

/** Runs the story of a backup, once for a test file. */
export async function saveServer(): Promise<SavedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-saved-'))
  const path = (name: string) => join(folder, name)
  const witnesses = new Witnesses()
  const server = await startServerProcess({
    witnesses: async (logKey) => await witnesses.follow(logKey),
  })
  const home = join(server.folder, 'home')
  const save = async () =>
    await runHere(['backup', '--data', home, '--out', path('backup'), '--json'])
  const { contoso, fabrikam } = threeOf(server.coalition)
  await openCampaign(server.coalition, contoso, [fabrikam])
  const customer = await server.coalition.enrol('customer-1')
  await fileNotice(server.coalition, contoso, { customers: [customer] })
  const [first] = await Promise.all([save(), busy(server)])
  cpSync(path('backup'), path('yesterday'), { recursive: true })
  await fileNotice(server.coalition, fabrikam)
  const late = await server.coalition.submit(
    'mailbox.invite',
    { tokens: ['ee'.repeat(32)] },
    contoso,
  )
  const second = await save()
  await witnesses.reach(Number(jsonOf(second)['size']))
  await server.stop()
  return {
    server,
    home,
    path,
    runs: [first, second],
    yesterday: path('yesterday'),
    today: path('backup'),
    lateAct: idOf(late),
    monitors: witnesses.monitors,
    vkeys: witnesses.vkeys,
    reach: async (size) => await witnesses.reach(size),
    clear: async () => {
      await server.clear()
      await witnesses.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Others file while the backup is made. */
async function busy({ coalition }: ServerProcess): Promise<void> {
  const { contoso } = threeOf(coalition)
  for (let i = 0; i < 10; i++) {
    const token = hex(sha256(utf8(`token ${String(i)}`)))
    await coalition.submit('mailbox.invite', { tokens: [token] }, contoso)
  }
}

/** Three witnesses in this process. */
class Witnesses {
  readonly #folders: WitnessFolder[] = []
  readonly #running: RunningWitness[] = []

  get monitors(): readonly string[] {
    return this.#running.map(({ url }) => `${url}/${sha256Hex(utf8(ORIGIN))}/checkpoint`)
  }

  get vkeys(): readonly string[] {
    return this.#folders.map(({ vkey }) => vkey)
  }

  async follow(logKey: string): Promise<Witnessed> {
    for (const n of [1, 2, 3]) {
      const folder = witnessFolder(`witness${String(n)}.example/w`, [logKey])
      this.#folders.push(folder)
      this.#running.push(await serveWitness(folder.home))
    }
    const addresses = this.#running.map(({ url, vkey }) => ({ url, vkey }))
    return { addresses, policy: { keys: addresses.map(({ vkey }) => vkey).toSorted(), quorum: 2 } }
  }

  /** Waits until all of them have seen so many entries. */
  async reach(size: number): Promise<void> {
    for (const url of this.monitors) {
      while (Number((await (await fetch(url)).text()).split('\n')[1]) < size) await sleep(20)
    }
  }

  async close(): Promise<void> {
    for (const witness of this.#running) await witness.close()
    for (const folder of this.#folders) folder.clear()
  }
}

/** What `dunant doctor` finds wrong, by the names of its checks. */
export async function faultsOf(
  home: string,
  ...options: readonly string[]
): Promise<{ readonly code: number; readonly faults: readonly string[] }> {
  const ran = await runHere(['doctor', '--data', home, '--json', ...options])
  const { findings } = jsonOf(ran)
  if (!Array.isArray(findings)) throw new Error(ran.out)
  const faults = findings
    .filter((finding: { level: string }) => finding.level === 'fault')
    .map((finding: { check: string }) => finding.check)
  return { code: ran.code, faults }
}

/** A copy of a home, to be damaged. */
export function copyOf(home: string, path: string): string {
  cpSync(home, path, { recursive: true, preserveTimestamps: true })
  return path
}

/** Every secret of a home, as text that must stand nowhere else. */
export function secretsOf(home: string): readonly string[] {
  const text = (name: string) => readFileSync(join(home, 'keys', name), 'utf8')
  const [, key = ''] = /\n\n([\s\S]{60})/.exec(text('service.asc')) ?? []
  return [text('log.seed').trim(), text('challenge.secret').trim(), key]
}
