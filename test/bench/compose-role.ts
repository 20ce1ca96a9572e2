import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { newProductFolder } from '#cli/product-files.ts'
import { composeBundle } from '#client/bundle.ts'
import type { ServedMailbox } from '#client/http.ts'
import { verifyMailbox } from '#client/mailbox.ts'
import { composeNotices, type NoticeHooks, type NoticePlan, noticeSalts } from '#client/notice.ts'
import { unlockKey } from '#client/openpgp.ts'
import { systemRandom } from '#client/random.ts'
import { readRecipients } from '#client/recipients.ts'
import { ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { accountTemplate, BRIEF } from '#test/helpers/statements.ts'

/** What composing took: seconds until the bundle and until the files, and the most memory the process ever had. */
export interface ComposeReport {
  readonly bundled: number
  readonly durable: number
  readonly peakMegabytes: number
}

/** Composes one customer list as the command line does, in a process of its own. */
export async function composeRole([
  folder = '',
  count = '',
  finishes,
]: readonly string[]): Promise<void> {
  const reporterKey = accepted(
    await unlockKey(readFileSync(join(folder, 'reporter.asc'), 'utf8'), ''),
  )
  const plan: NoticePlan = {
    origin: ORIGIN,
    genesis: '0'.repeat(64),
    filer: 'contoso.example',
    kind: 'first',
    brief: BRIEF,
    salts: noticeSalts(systemRandom),
    template: accountTemplate(),
    at: NOW,
  }
  const out = join(folder, `out-${count}`)
  const started = performance.now()
  const products = newProductFolder(out)
  const csv = readFileSync(join(folder, `${count}.csv`), 'utf8')
  const { faults, recipients } = accepted(readRecipients(csv, plan.template))
  const hooks: NoticeHooks = {
    reporterKey,
    random: systemRandom,
    findMailbox: async (id) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by the measuring process
      const served = JSON.parse(
        readFileSync(join(folder, `${id}.mailbox`), 'utf8'),
      ) as ServedMailbox
      return await verifyMailbox(served, { id, origin: ORIGIN, now: NOW })
    },
    keepProduct: async (product) => {
      products.keepDraft(product)
      await Promise.resolve()
    },
  }
  const { lines, told, undeliverable } = await composeNotices(plan, recipients, hooks)
  const bundle = composeBundle(lines, systemRandom)
  const bundled = (performance.now() - started) / 1000
  if (faults.length + undeliverable.length > 0 || String(told) !== count)
    throw new Error('somebody was left out')
  if (finishes === 'files') products.finish(bundle, () => undefined)
  const durable = (performance.now() - started) / 1000
  rmSync(out, { recursive: true })
  const report: ComposeReport = {
    bundled,
    durable,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
  }
  process.send?.(report, () => process.disconnect())
}
