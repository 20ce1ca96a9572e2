import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CUSTOMER_COLUMNS, parseCsv } from '#client/csv.ts'
import { parseFactsCell } from '#client/facts.ts'
import { languageOf } from '#client/languages.ts'
import { normaliseAccount } from '#core/commitment.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { CUSTOMERS, type Customer } from '#cli/demo/cast.ts'
import { openStage, type ServerProcess } from '#cli/demo/stage.ts'
import { endGpg, play } from '#cli/demo/story.ts'
import { pathOf, readText } from '#cli/files.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { shippedTemplates, templateNamed } from '#cli/templates.ts'
import { UsageError } from '#cli/usage-error.ts'
import type { Template } from '#wire/assemble-template.ts'
import { faultLines } from '#agent/filing/fault-lines.ts'

/** `demo` */
export const demo: Command = async (call) => {
  const customers = await readCustomers(call)
  if (!customers.ok) return customers
  const kept = call.args.maybe('keep')
  if (kept !== undefined) requireEmpty(pathOf(call, kept))
  const folder = kept === undefined ? mkdtempSync(join(tmpdir(), 'dunant-')) : pathOf(call, kept)
  for (const name of ['server', 'clients'])
    mkdirSync(join(folder, name), { recursive: true, mode: 0o700 })
  const started: ServerProcess[] = []
  let finished = false
  try {
    const { server, witnesses } = await play(
      openStage(call.io, folder),
      customers.value,
      (process) => started.push(process),
    )
    finished = true
    if (kept === undefined)
      return accept(
        say(['', 'The end. Everything was played in a temporary folder, which is gone now.'], null),
      )
    const { pid, url } = server
    const left = {
      url,
      pid,
      server: join(folder, 'server'),
      clients: join(folder, 'clients'),
      witnesses: witnesses.map((witness) => ({ url: witness.url, pid: witness.pid })),
    }
    const pids = [pid, ...witnesses.map((witness) => witness.pid)].join(' ')
    return accept(
      say(
        [
          '',
          `The server and both witnesses go on: stop them with  kill ${pids}`,
          JSON.stringify(left),
        ],
        left,
      ),
    )
  } finally {
    endGpg(folder)
    if (kept === undefined || !finished)
      for (const process of started.toReversed()) await process.stop()
    if (kept === undefined) rmSync(folder, { recursive: true, force: true })
  }
}

/** A story is played on an empty stage: what another one left would stop it half-way. */
function requireEmpty(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new UsageError(`${folder} is not empty; give --keep a new folder`)
  }
}

async function readCustomers(call: Call): Promise<Result<readonly Customer[]>> {
  const path = call.args.maybe('customers')
  if (path === undefined) return accept(CUSTOMERS)
  const table = parseCsv(await readText(call, path), CUSTOMER_COLUMNS)
  if (!table.ok) return table
  const { faults, rows } = table.value
  const seen = new Set<string>()
  const template = templateNamed(await shippedTemplates(), 'account')
  if (template === undefined) return refuse('template-unknown')
  const isShipped = (language: string) => languageOf(language.trim(), template) !== undefined
  const found = [
    ...faults,
    ...rows.flatMap(({ cells, line }) => {
      const reason = faultOf(cells, seen, template)
      return reason === undefined ? [] : [{ line, reason }]
    }),
  ].toSorted((x, y) => x.line - y.line)
  if (found.length > 0)
    return refuse('customer-list-invalid', faultLines({ faults: found }).join('; '))
  if (rows.length === 0) return refuse('customer-list-invalid', 'the list is empty')
  const others = rows.filter(({ cells }) => !isShipped(cells['language'] ?? ''))
  if (others.length > 0) {
    call.io.stderr.write(
      `dunant: the templates of this version are in ${[...template.texts.keys()].join(', ')}; ${String(others.length)} of your customers are told in English here\n`,
    )
  }
  return accept(
    rows.map(({ cells }) => {
      const language = (cells['language'] ?? '').trim()
      return {
        account: cells['account'] ?? '',
        language: isShipped(language) ? language : 'en',
        facts: cells['facts'] ?? '',
      }
    }),
  )
}

/** Why nobody can be told by a row; the whole list is looked at before the story begins. */
function faultOf(
  cells: Readonly<Record<string, string>>,
  seen: Set<string>,
  { manifest }: Template,
): string | undefined {
  const account = normaliseAccount(cells['account'] ?? '')
  if (!account.ok) return account.refusal.detail ?? account.refusal.reason
  if (seen.has(account.value)) return 'the account stands there twice'
  seen.add(account.value)
  const facts = parseFactsCell(cells['facts'] ?? '', manifest)
  return facts.ok ? undefined : (facts.refusal.detail ?? facts.refusal.reason)
}
