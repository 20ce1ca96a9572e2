import { type AgentClient, AgentRefusal, openAgent } from '#client/agent.ts'
import { AGENT_COLUMNS, type CsvRow, readCsv } from '#client/csv.ts'
import { utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import type { NamedEvent, NoticeDraft, TakenEvent } from '#wire/agent.ts'
import { parseBrief } from '#wire/notice.ts'
import { FileError } from '#agent/file-error.ts'
import { faultLines } from '#agent/filing/fault-lines.ts'
import { textOfList } from '#agent/filing/customer-list.ts'
import { customerSource } from '#cli/customer-source.ts'
import { EXIT } from '#cli/exit.ts'
import { readJson, readText } from '#cli/files.ts'
import { readKind, readLeftOut } from '#cli/filing-options.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'

const DEFAULT_URL = 'http://127.0.0.1:8790'
/** As many as the agent takes with one request. */
const EVENTS_MAX = 500

/** `agent draft` */
export const draft: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const { args } = call
    const brief = parseBrief(await readJson(call, args.text('brief')))
    if (!brief.ok) throw new FileError(`--brief: ${brief.refusal.detail ?? brief.refusal.reason}`)
    const [campaign, supersedes] = [args.maybe('campaign'), args.maybe('supersedes')]
    const [required, size] = [args.count('joint-required'), args.count('batch-size')]
    const hours = args.count('joint-hours') ?? 24
    const leftOut = readLeftOut(call)
    await agent.draft(name, {
      matter: args.maybe('matter') ?? name,
      brief: brief.value,
      template: args.maybe('template') ?? 'account',
      kind: readKind(args.maybe('kind') ?? 'first'),
      ...(campaign === undefined ? {} : { campaign }),
      ...(leftOut === undefined ? {} : { left_out: leftOut }),
      ...(supersedes === undefined ? {} : { supersedes }),
      ...(required === undefined ? {} : { joint: { hours, required } }),
      ...(size === undefined
        ? {}
        : { batches: { size, minutes: args.count('batch-minutes') ?? 60 } }),
    } satisfies NoticeDraft)
    return say([`drafted  ${name}`], { name, phase: 'draft' })
  })

/** `agent add` */
export const add: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const source = customerSource(call.io, call.args.text('customers'))
    const rows = readCsv(textOfList(source()), AGENT_COLUMNS)
    const faults: { line: number; reason: string }[] = []
    let waiting: { readonly line: number; readonly event: NamedEvent }[] = []
    let taken = 0
    const send = async (): Promise<void> => {
      if (waiting.length === 0) return
      const answers = await agent.reportAll(waiting.map(({ event }) => event))
      taken += answers.filter((one) => one.taken).length
      faults.push(...refusedLines(waiting, answers))
      waiting = []
    }
    let next = await rows.next()
    for (; next.done !== true; next = await rows.next()) {
      if ('reason' in next.value) faults.push(next.value)
      else waiting.push({ line: next.value.line, event: eventOf(next.value, name) })
      if (waiting.length === EVENTS_MAX) await send()
    }
    await send()
    if (!next.value.ok) throw new FileError(next.value.refusal.detail ?? 'the list cannot be read')
    const text = [`taken    ${String(taken)}`, ...faultLines({ faults })]
    return {
      ...say(text, { taken, faults }),
      exit: faults.length === 0 ? EXIT.done : EXIT.input,
    }
  })

function refusedLines(
  sent: readonly { readonly line: number }[],
  answers: readonly TakenEvent[],
): readonly { line: number; reason: string }[] {
  return sent.flatMap(({ line }, i) => {
    const answer = answers[i]
    if (answer?.taken === true) return []
    return [{ line, reason: answer?.detail ?? answer?.reason ?? 'the agent did not take it' }]
  })
}

function eventOf({ cells }: CsvRow, notice: string): NamedEvent {
  const cell = (name: string): string => (cells[name] ?? '').trim()
  const optional = (
    name: 'address' | 'also' | 'country' | 'mailbox' | 'safety',
  ): Partial<NamedEvent> => (cell(name) === '' ? {} : { [name]: cell(name) })
  const account = cell('account')
  const fingerprint = cell('fingerprint').replace(/\s/g, '').toLowerCase()
  return {
    event_id: cell('event_id') || `row-${sha256Hex(utf8(`${notice}\n${account}`))}`,
    notice,
    account,
    language: cell('language'),
    facts: cells['facts'] ?? '',
    ...optional('address'),
    ...optional('also'),
    ...optional('safety'),
    ...optional('country'),
    ...optional('mailbox'),
    ...(fingerprint === '' ? {} : { fingerprint }),
  }
}

/** `agent preview` */
export const preview: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const shown = await agent.preview(name, call.args.argument(1))
    return say([shown.subject, '', ...shown.lines], shown)
  })

/** `agent file` */
export const file: Command = async (call) =>
  await asked(call, async (agent, name) => {
    await agent.file(name)
    return say([`given out; see: dunant agent status ${name}`], { name, phase: 'filing' })
  })

const NEXT = {
  'another-notice': 'its time ran out: draft another notice, under another name',
  'draft-anew': 'mend the cause, draft it anew where it has to change, and give it out again',
} as const

/** `agent status` */
export const status: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const standing = await agent.standing(name)
    const { act, batches, feedback, lane, phase, proof, recipients, refused, states } = standing
    const lines = [
      `notice      ${name}`,
      `phase       ${phase}`,
      lane === null ? undefined : `lane        ${lane}`,
      act === null ? undefined : `act         ${act}`,
      proof === null ? undefined : `proof       ${proof}`,
      refused === null ? undefined : `refused     ${refused.reason}: ${refused.detail ?? ''}`,
      refused === null ? undefined : `next        ${NEXT[refused.next]}`,
      `recipients  ${String(recipients)}`,
      ...Object.entries(states).map(([state, n]) => `${state.padEnd(12)}${String(n)}`),
      ...feedback.map(({ answer, count, question }) => `${question}: ${answer} ${String(count)}`),
      ...batches
        .filter(({ stopped }) => stopped)
        .map(({ number }) => `stopped     batch ${String(number)}`),
    ]
    return say(lines, standing)
  })

/** `agent stop-batch` */
export const stopBatch: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const number = Number(call.args.argument(1))
    if (!Number.isSafeInteger(number) || number < 0)
      throw new UsageError('NUMBER is that of a batch')
    await agent.stopBatch(name, number)
    return say([`stopped  batch ${String(number)} of ${name}`], { name, number, stopped: true })
  })

/** `agent published` */
export const published: Command = async (call) =>
  await asked(call, async (agent, name) => {
    const typed = call.args.text('account')
    const account = typed === '-' ? (await readText(call, '-')).trim() : typed
    await agent.codePublished(name, account)
    return say(['The next list of check codes says so.'], { name })
  })

/** `agent hold` */
export const hold: Command = async (call) =>
  await asked(call, async (agent, matter) => {
    const { args } = call
    if (args.flag('lift')) {
      await agent.liftHold(matter)
      return say([`let go   ${matter}`], { matter, held: false })
    }
    const [reason, until] = [args.text('reason'), args.text('until')]
    await agent.hold(matter, { reason, until })
    return say([`held     ${matter} until ${until}`], { matter, held: true, reason, until })
  })

/** Asks a running agent; its no is a refusal of what was given. */
async function asked(
  call: Call,
  run: (agent: AgentClient, name: string) => Promise<Output>,
): Promise<Result<Output>> {
  const agent = await openLocal(call)
  try {
    return accept(await run(agent, call.args.argument(0)))
  } catch (error) {
    if (!(error instanceof AgentRefusal)) throw error
    const { detail, title, type } = error.problem
    const reason = type.endsWith('not-found') ? 'not-found' : 'request-malformed'
    return refuse(reason, detail === undefined ? title : `${title} ${detail}`)
  }
}

async function openLocal(call: Call): Promise<AgentClient> {
  const text = await readText(call, call.args.text('client'))
  const { parseAgentClient } = await import('#entry/agent-home.ts')
  try {
    const { id, key } = parseAgentClient(text)
    const url = call.args.maybe('agent') ?? DEFAULT_URL
    return openAgent({ id, key: Buffer.from(key).toString('base64'), url })
  } catch {
    throw new FileError('--client names no key file of an agent')
  }
}
