import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CUSTOMER_COLUMNS, parseCsv } from '#client/csv.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { CUSTOMERS, type Customer } from '#cli/demo/cast.ts'
import { openStage, type ServerProcess } from '#cli/demo/stage.ts'
import { endGpg, play } from '#cli/demo/story.ts'
import { pathOf, readText } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'

/** `demo` */
export const demo: Command = async (call) => {
  const customers = await readCustomers(call)
  if (!customers.ok) return customers
  const kept = call.args.maybe('keep')
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'dunant-')) : pathOf(call, kept)
  for (const name of ['server', 'clients'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
  let server: ServerProcess | undefined
  let finished = false
  try {
    server = await play(openStage(call.io, folder), customers.value, (started) => {
      server = started
    })
    finished = true
    if (kept === undefined)
      return accept(
        say(['', 'The end. Everything was played in a temporary folder, which is gone now.'], null),
      )
    const { pid, url } = server
    const left = { url, pid, server: join(folder, 'server'), clients: join(folder, 'clients') }
    return accept(
      say(
        ['', `The server goes on: stop it with  kill ${String(pid)}`, JSON.stringify(left)],
        left,
      ),
    )
  } finally {
    endGpg(folder)
    if (kept === undefined || !finished) await server?.stop()
    if (kept === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

async function readCustomers(call: Call): Promise<Result<readonly Customer[]>> {
  const path = call.args.maybe('customers')
  if (path === undefined) return accept(CUSTOMERS)
  const table = parseCsv(await readText(call, path), CUSTOMER_COLUMNS)
  if (!table.ok) return table
  const [fault] = table.value.faults
  if (fault !== undefined)
    return refuse('customer-list-invalid', `line ${String(fault.line)}: ${fault.reason}`)
  const customers = table.value.rows.map(({ cells }) => ({
    account: cells['account'] ?? '',
    language: readable(cells['language'] ?? ''),
    facts: cells['facts'] ?? '',
  }))
  return customers.length > 0
    ? accept(customers)
    : refuse('customer-list-invalid', 'the list is empty')
}

/** The languages of the templates that come with the release. Whoever reads another one is told in English rather than not at all. */
function readable(language: string): string {
  return /^(?:en|fr)(?:[-_]|$)/i.test(language.trim()) ? language.trim() : 'en'
}
