import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hex } from '#core/bytes.ts'
import { signCosignature } from '#core/log/cosignature.ts'
import {
  formatNote,
  formatVkey,
  KEY_TYPE_COSIGNATURE,
  parseNote,
  verifierOf,
} from '#core/log/note.ts'
import { sha256 } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { jsonOf, type Ran, runHere } from './command-line.ts'
import { fileNotice, idOf, openCampaign } from './notices.ts'
import { threeOf } from './coalition.ts'
import { accepted } from './openpgp-keys.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

const WITNESSES = [1, 2, 3].map((n) => ({
  name: `witness${String(n)}.example/w`,
  seed: sha256(utf8(`witness ${String(n)}`)),
}))

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
  /** The last checkpoint, cosigned by the witnesses of these numbers from 1 on. */
  readonly checkpoint: (...witnesses: readonly number[]) => string
  readonly clear: () => Promise<void>
}

/** Runs the story of a backup, once for a test file. */
export async function saveServer(): Promise<SavedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-saved-'))
  const path = (name: string) => join(folder, name)
  const keys = WITNESSES.map((witness) => formatVkey(verifierOf(witness, KEY_TYPE_COSIGNATURE)))
  const server = await startServerProcess({ witnesses: { keys: keys.toSorted(), quorum: 2 } })
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
  const note = await (await fetch(`${server.url}/log/checkpoint`)).text()
  await server.stop()
  return {
    server,
    home,
    path,
    runs: [first, second],
    yesterday: path('yesterday'),
    today: path('backup'),
    lateAct: idOf(late),
    checkpoint: (...numbers) => cosigned(note, numbers),
    clear: async () => {
      await server.clear()
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

function cosigned(note: string, numbers: readonly number[]): string {
  const { signatures, text } = accepted(parseNote(note))
  const timeSeconds = Math.floor(Date.now() / 1000)
  const lines = WITNESSES.filter((_, i) => numbers.includes(i + 1)).map((witness) =>
    signCosignature({ text, timeSeconds }, witness),
  )
  return formatNote({ text, signatures: [...signatures, ...lines] })
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
  rmSync(join(path, 'serving'), { recursive: true, force: true })
  return path
}

/** Every secret of a home, as text that must stand nowhere else. */
export function secretsOf(home: string): readonly string[] {
  const text = (name: string) => readFileSync(join(home, 'keys', name), 'utf8')
  const [, key = ''] = /\n\n([\s\S]{60})/.exec(text('service.asc')) ?? []
  return [text('log.seed').trim(), text('challenge.secret').trim(), key]
}
