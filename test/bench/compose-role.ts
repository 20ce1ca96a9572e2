import { createReadStream, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { silently } from '#agent/progress.ts'
import { openSealer } from '#cli/sealer.ts'
import { openWork } from '#agent/filing/journal.ts'
import { prepareBundle } from '#agent/filing/prepare-bundle.ts'
import type { ServedMailbox } from '#client/http.ts'
import { verifyMailbox } from '#client/mailbox.ts'
import { noticeSalts } from '#client/notice.ts'
import { unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, BRIEF } from '#test/helpers/statements.ts'

/** What composing took: seconds until bundle and files were durable, and the most memory the process ever had. */
export interface ComposeReport {
  readonly durable: number
  readonly peakMegabytes: number
}

/** Composes one customer list as the command line does, in a process of its own. */
export async function composeRole([folder = '', count = '']: readonly string[]): Promise<void> {
  const reporterKey = accepted(
    await unlockKey(readFileSync(join(folder, 'reporter.asc'), 'utf8'), ''),
  )
  const out = join(folder, `out-${count}`)
  const started = performance.now()
  const work = openWork(out, {}, () => noticeSalts(systemRandom))
  const prepared = accepted(
    await prepareBundle({
      openList: () => createReadStream(join(folder, `${count}.csv`)),
      tools: { openProgress: silently, openSealer },
      work,
      out,
      plan: {
        origin: ORIGIN,
        genesis: '0'.repeat(64),
        filer: 'contoso.example',
        kind: 'first',
        brief: BRIEF,
        salts: work.journal().salts,
        template: accountTemplate(),
        at: NOW,
      },
      reporterKey,
      hooks: {
        random: systemRandom,
        findMailbox: async (id) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the measuring process
          const served = JSON.parse(
            readFileSync(join(folder, `${id}.mailbox`), 'utf8'),
          ) as ServedMailbox
          return await verifyMailbox(served, { id, origin: ORIGIN, now: NOW })
        },
      },
      allowFaults: false,
    }),
  )
  const durable = (performance.now() - started) / 1000
  if (prepared.undeliverable.length > 0 || String(prepared.told) !== count)
    throw new Error('somebody was left out')
  rmSync(out, { recursive: true })
  const peakMegabytes = process.resourceUsage().maxRSS / 1024
  const report: ComposeReport = { durable, peakMegabytes }
  process.send?.(report, () => process.disconnect())
}
