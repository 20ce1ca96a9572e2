import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { composeCharter, SOLO_QUORUMS } from '#cli/commands/charter.ts'
import { type Api, openApi } from '#client/http.ts'
import { signDetached } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { startSession } from '#client/session.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { createServerHome, setGenesis } from '#entry/home.ts'
import { officer, ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { parseAct } from '#wire/act.ts'
import type { LoopDelays, ServerOrder, ServerReport } from './server-role.ts'

/** The one company of the coalition that is measured. */
export const COMPANY = 'contoso.example'

/** A server in a process of its own, on a real disk, and its one member. */
export interface BenchServer {
  readonly url: string
  readonly folder: string
  /** Of the server's process. */
  readonly pid: number
  readonly member: Awaited<ReturnType<typeof officer>>
  /** Head of the governance chain. */
  readonly head: string
  /** With an open session. */
  readonly api: Api
  order(order: ServerOrder): void
  /** What the event loop did since it was watched. */
  delays(): Promise<LoopDelays>
  close(): Promise<void>
}

/** Founds a coalition of one company and starts its server. */
export async function openServer(): Promise<BenchServer> {
  const folder = mkdtempSync(join(tmpdir(), 'dunant-bench-'))
  const home = join(folder, 'home')
  const member = await officer()
  const terms = await createServerHome(home, { origin: ORIGIN })
  const payload = composeCharter(
    { ...terms, templates: [] },
    {
      founders: [
        {
          domain: COMPANY,
          officers: [{ certificate: base64(member.certificate), duties: DUTIES }],
        },
      ],
      quorums: SOLO_QUORUMS,
      templates: [],
      witnesses: { keys: [], quorum: 0 },
      now: NOW,
    },
  )
  setGenesis(home, accepted(parseAct(payload)).id)
  const child = fork(process.argv[1] ?? '', ['--role', 'server', home])
  const started = await heard(child)
  if (!('url' in started)) throw new Error('the server did not start')
  const { url } = started
  const stranger = openApi({ url })
  const signatures = [await signDetached(member.key, payload, { at: NOW })]
  accepted(await stranger.submitAct({ payload, signatures }))
  const { head } = accepted(await stranger.readDirectory())
  const session = await startSession(stranger, {
    by: { party: COMPANY },
    key: member.key,
    directory: head,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const order = (words: ServerOrder): void => {
    child.send(words)
  }
  return {
    url,
    folder,
    pid: child.pid ?? 0,
    member,
    head,
    api: openApi({ url, token: accepted(session).token }),
    order,
    delays: async () => {
      order('report')
      const report = await heard(child)
      if (!('p99' in report)) throw new Error('the server reported something else')
      return report
    },
    close: async () => {
      order('stop')
      await once(child, 'exit')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function heard(child: ChildProcess): Promise<ServerReport> {
  return await new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the server ended'))
    child.once('exit', gone)
    child.once('message', (report: ServerReport) => {
      child.off('exit', gone)
      resolve(report)
    })
  })
}
