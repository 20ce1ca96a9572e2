import { earlierInFolder } from '#agent/filing/earlier-recipients.ts'
import { AGENT_COLUMNS, parseCsv } from '#client/csv.ts'
import { normaliseAccount } from '#core/commitment.ts'
import { accept } from '#core/result.ts'
import { pathOf, readText, writeOut } from '#cli/files.ts'
import { type Command, say } from '#cli/output.ts'

/** `notice missing` */
export const missing: Command = async (call) => {
  const table = parseCsv(await readText(call, call.args.text('customers')), AGENT_COLUMNS)
  if (!table.ok) return table
  const known = table.value.rows.flatMap(({ cells }) => {
    const account = normaliseAccount(cells['account'] ?? '')
    return account.ok ? [account.value] : []
  })
  const folder = pathOf(call, call.args.text('supersedes-files'))
  const accounts = earlierInFolder(folder, undefined).accountsBut(known)
  const text = accounts.map((account) => `${account}\n`).join('')
  const out = writeOut(call, text)
  return accept(
    say([`missing ${String(accounts.length)} customers`, out ?? text.trimEnd()], {
      missing: accounts.length,
      file: out ?? null,
      accounts: out === undefined ? accounts : [],
    }),
  )
}
