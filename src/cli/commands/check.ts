import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { deriveKey } from '#agent/check/derive-key.ts'
import { writeWhole } from '#agent/files.ts'
import { type OpenList, openListFile, openServedList } from '#client/check-list.ts'
import { askLists, type CheckAnswer, type CheckQuestion } from '#client/check-notice.ts'
import { describeAnswer, missingLists } from '#client/describe-check.ts'
import { fetchDirectory } from '#client/directory.ts'
import { parseCheckCode } from '#core/check-code.ts'
import type { CheckKeying } from '#core/check-list.ts'
import { normaliseAccount } from '#core/commitment.ts'
import type { Directory } from '#core/directory.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import type { CheckWords } from '#wire/check-words.ts'
import { anchorOf, connect } from '#cli/connection.ts'
import { EXIT, type ExitCode } from '#cli/exit.ts'
import { pathOf, readBytes, readText } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'
import { verdict } from '#cli/verdict.ts'

/** Marks that keep words in order on a page; a terminal shows them as what they are. */
const ISOLATES = /[\u2066-\u2069]/g

/** `check` */
export const check: Command = async (call) => {
  const question = await readQuestion(call)
  if (!question.ok) return question
  const words = await wordsOf(call)
  const opened = await openLists(call, 'account')
  // A file that is not what it should be is told like one that was altered.
  if (!opened.ok) return verdict(opened, () => say([], {}))
  const { genesis, lists, roster } = opened.value
  const now = call.io.now()
  const answer = await askLists(lists, question.value, { derive: deriveKey, genesis, now })
  return accept(describe(answer, { words, roster, isDesk: false }))
}

/** An answer with its exit code: 0 only for what is in force and witnessed. */
export function describe(
  answer: CheckAnswer,
  setting: {
    readonly words: CheckWords
    readonly roster: readonly string[]
    readonly isDesk: boolean
  },
): Output {
  const missing = missingLists(answer, setting.roster)
  const { isDesk, words } = setting
  const lines = describeAnswer(answer, { words, isDesk, missing })
  const value = {
    found: answer.findings.length > 0,
    findings: answer.findings,
    lists: answer.lists.map(({ release, ...list }) => ({
      ...list,
      release: formatInstant(release),
    })),
    missing,
  }
  const output = say(
    lines.map((line) => line.replaceAll(ISOLATES, '')),
    value,
  )
  return { ...output, exit: exitFor(answer) }
}

function exitFor({ findings, lists }: CheckAnswer): ExitCode {
  const isGood = findings.length > 0 && findings.every(({ status }) => status === 'valid')
  if (!isGood) return EXIT.unverified
  const asked = lists.filter(({ filer }) => findings.some((finding) => finding.filer === filer))
  return asked.every(({ isFresh, status }) => isFresh && status === 'witnessed')
    ? EXIT.done
    : EXIT.unwitnessed
}

/** Code and account; from standard input, a line each, where `-` stands for the code: other users of a machine see what is typed behind a command. */
async function readQuestion(call: Call): Promise<Result<CheckQuestion>> {
  const typed = call.args.rest(0).join(' ')
  const lines = typed === '-' ? (await readText(call, '-')).split('\n') : []
  const code = parseCheckCode(lines[0] ?? typed)
  if (!code.ok) return code
  const named = call.args.maybe('account') ?? lines[1]
  if (named === undefined || named === '')
    throw new UsageError('--account is missing: the account that the notice is for, as you know it')
  const account = normaliseAccount(named)
  return account.ok ? accept({ code: code.value, account: account.value }) : account
}

/** The words of `--language`, or of the language that the terminal is set to, or English. */
export async function wordsOf(call: Call): Promise<CheckWords> {
  const { shippedCheckWords } = await import('#entry/check-words.ts')
  const all = shippedCheckWords()
  const given = call.args.maybe('language')
  const { env } = call.io
  const set = (env['LC_ALL'] ?? env['LC_MESSAGES'] ?? env['LANG'] ?? '').split(/[_.@]/)[0] ?? ''
  const found = all.get(given ?? (set === 'zh' ? 'zh-Hans' : set))
  if (found === undefined && given !== undefined)
    throw new UsageError(`--language takes ${[...all.keys()].join(', ')}`)
  const words = found ?? all.get('en')
  if (words === undefined) throw new Error('the release has no English answers')
  return words
}

/** Lists to ask, and the parties whose lists there should be. */
export interface OpenedLists {
  readonly genesis: string
  readonly lists: readonly OpenList[]
  readonly roster: readonly string[]
}

async function openLists(call: Call, keyed: CheckKeying): Promise<Result<OpenedLists>> {
  const files = call.args.list('list')
  return files.length > 0 ? await openFiles(call, keyed) : await openServed(call, keyed)
}

/** Opens the lists of files: no server is asked, and nothing is written. */
export async function openFiles(call: Call, keyed: CheckKeying): Promise<Result<OpenedLists>> {
  const anchor = await anchorOf(call)
  if (!anchor.ok) return anchor
  const lists: OpenList[] = []
  let directory: Directory | undefined
  for (const path of call.args.list('list')) {
    const list = await openListFile(await readBytes(call, path), anchor.value)
    if (!list.ok) return list
    if (list.value.body.keyed !== keyed)
      throw new UsageError(
        `${path} is keyed by ${list.value.body.keyed}: give a list of the other kind`,
      )
    lists.push(list.value)
    directory = newerOf(directory, list.value.replay.directory)
  }
  if (directory === undefined)
    throw new UsageError('--list is missing: fetch lists with check fetch')
  return accept({ genesis: anchor.value.genesis, lists, roster: reportersOf(directory) })
}

function newerOf(one: Directory | undefined, other: Directory): Directory {
  return one === undefined || other.chain.length > one.chain.length ? other : one
}

/** The lists that the server shows, each verified; what is fetched of them depends on nothing but the bucket. */
async function openServed(call: Call, keyed: CheckKeying): Promise<Result<OpenedLists>> {
  return await withHome(call, async (home): Promise<Result<OpenedLists>> => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const { api, coalition, pins } = connection.value
    const replay = await fetchDirectory(api, pins)
    if (!replay.ok) return replay
    const index = await api.readCheckIndex()
    if (!index.ok) return index
    const lists: OpenList[] = []
    for (const served of index.value.filter((one) => one.keyed === keyed)) {
      const list = await openServedList(api, served, { ...coalition, replay: replay.value })
      // One that does not verify is one that is missing, and is told as such: it must not keep the others from being asked.
      if (list.ok) lists.push(list.value)
    }
    const roster = reportersOf(replay.value.directory)
    return accept({ genesis: coalition.genesis, lists, roster })
  })
}

/** Members that can file notices: each of them publishes a list, whether or not it has ever told anybody. */
function reportersOf(directory: Directory): readonly string[] {
  return [...directory.parties.values()]
    .filter(({ kind, status }) => kind === 'member' && status === 'active')
    .map(({ domain }) => domain)
}

/** `check fetch` */
export const fetch: Command = async (call) => {
  const out = pathOf(call, call.args.text('out'))
  mkdirSync(out, { recursive: true })
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const { api, coalition } = connection.value
    const index = await api.readCheckIndex()
    if (!index.ok) return index
    const written: { readonly file: string; readonly filer: string; readonly bytes: number }[] = []
    for (const { act, filer, keyed } of index.value) {
      const bytes = await api.readCheckFile(act)
      if (!bytes.ok) return bytes
      const list = await openListFile(bytes.value, coalition)
      if (!list.ok) return list
      const file = join(out, `${filer}-${keyed}.check`)
      writeWhole(file, bytes.value)
      written.push({ file, filer, bytes: bytes.value.length })
    }
    return accept(
      say(
        written.map(({ bytes, file }) => `${file}  ${String(bytes)} bytes`),
        { lists: written },
      ),
    )
  })
}
