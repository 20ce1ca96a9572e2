import { metricsRows, reportMetrics } from '#agent/metrics-report.ts'
import { accept } from '#core/result.ts'
import { agentFolder, onDesk } from '#cli/desk.ts'
import { type Command, say, table } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'

/** `agent metrics` */
export const metrics: Command = async (call) => {
  const format = call.args.maybe('format') ?? 'table'
  if (format !== 'table' && format !== 'csv') throw new UsageError('--format is table or csv')
  const { readAgentStore } = await import('#entry/agent-reading.ts')
  const home = await agentFolder(call)
  const clocks = await onDesk(call, async (desk) => await Promise.resolve(desk.list('hold')))
  const report = await readAgentStore(home, async (store) => await reportMetrics(store, clocks))
  const rows = metricsRows(report)
  const csv = rows.map((row) => row.map((cell) => `"${cell}"`).join(',')).join('\n')
  return accept(say([format === 'csv' ? csv : table(rows)], report))
}
