import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { createServerHome, setGenesis } from '#entry/home.ts'
import { parseAct } from '#wire/act.ts'
import { parseReceipt } from '#wire/receipt.ts'

const ORIGIN = 'coalition.example'
const TEXT = 'Attackers entered your account on 2026-11-18. Change your password now.'
const MINUTES_MS = 60_000

const missing = ['gpg', 'jq', 'curl', 'basenc'].filter(
  (tool) => spawnSync(tool, ['--version']).status !== 0,
)
if (missing.length > 0) {
  process.stderr.write(`the shell client is not tested: ${missing.join(', ')} not installed\n`)
}

interface Run {
  readonly code: number
  readonly lines: readonly string[]
}

/** What a dishonest server answers instead. */
interface Dishonesty {
  /** The request that it is dishonest about. */
  readonly about: RegExp
  /** Rewrites the address that is asked. */
  readonly ask?: (path: string) => string
  /** Rewrites the answer. */
  readonly answer?: (body: string) => string
}

/** What the server is dishonest about, in which step it matters, and what the client says. */
const LIES: readonly (Dishonesty & { name: string; step: string; says: string })[] = [
  {
    name: 'a byte of the line',
    about: /\/lines\/[0-9]+$/,
    answer: (body) => flipLetter(body, '\\"message\\":\\"', 400),
    step: 'read_notice',
    says: 'the line does not stand in the bundle',
  },
  {
    name: 'the list of lines',
    about: /\/api\/mailboxes\/[a-z2-7]+\/lines$/,
    answer: (body) => flipLetter(body, '"payload":"', 60),
    step: 'read_notice',
    says: 'nobody signed the list of lines',
  },
  {
    name: 'the certificate of the company',
    about: /^\/keys\/contoso/,
    ask: () => '/keys/service.asc',
    step: 'read_notice',
    says: 'this is not the certificate of contoso.example',
  },
  {
    name: 'the purpose of a challenge',
    about: /^\/api\/challenges/,
    ask: () => '/api/challenges?purpose=officer',
    step: 'enrol_customer',
    says: 'this is not our challenge',
  },
  {
    name: 'the governance chain, cut short',
    about: /^\/api\/directory$/,
    answer: (body) => body.replace(/\},\{"addendum".*?\}\]/, '}]'),
    step: 'read_notice',
    says: 'the directory does not end where it says',
  },
  {
    name: 'the notice in the receipt',
    about: /\/receipt$/,
    answer: (body) => flipLetter(body, '"act":{"payload":"', 30),
    step: 'check_receipt',
    says: 'a signature does not hold',
  },
  {
    name: 'a hash of the log',
    about: /\/receipt$/,
    answer: (body) => flipLetter(body, '\\nindex ', 20),
    step: 'check_receipt',
    says: 'the path does not lead to the root of the checkpoint',
  },
]

let folder: string
let work: string
let terms: string
let port: number
let server: ChildProcess | undefined
let run: Run

describe.skipIf(missing.length > 0)('the shell client', () => {
  beforeAll(async () => {
    // gpg keeps a socket in its folder, so the path must be short.
    folder = mkdtempSync(join(tmpdir(), 'ds-'))
    work = join(folder, 'w')
    mkdirSync(work)
    terms = join(folder, 'server-terms.json')
    const home = join(folder, 'home')
    writeFileSync(terms, JSON.stringify(await createServerHome(home, { origin: ORIGIN })))
    port = await freePort()
    run = await runClient(`http://127.0.0.1:${String(port)}`, work, {
      onLine: (line) => {
        const genesis = /^genesis ([0-9a-f]{64})$/.exec(line)?.[1]
        if (genesis === undefined) return
        setGenesis(home, genesis)
        server = startProcess(home)
      },
    })
  }, 2 * MINUTES_MS)

  afterAll(async () => {
    if (server?.exitCode === null) {
      server.kill('SIGTERM')
      await once(server, 'exit')
    }
    rmSync(folder, { recursive: true, force: true })
  })

  test('notifies a customer, who reads the notice and checks the receipt, with stock tools alone', () => {
    expect(run.lines.join('\n')).toContain(`read_notice: ${TEXT} Issued to mailbox`)
    expect(run.lines.join('\n')).toMatch(/^ok$/m)
    expect(run.code).toBe(0)
    const opened = readFileSync(join(work, 'opened'), 'utf8')
    expect(opened.split('\r\n\r\n')[1]).toMatch(TEXT)
  })

  test('got a receipt that the reference implementation verifies too', async () => {
    const receipt = parseReceipt(readFileSync(join(work, 'receipt.json'), 'utf8'))
    if (!receipt.ok) throw new Error(receipt.refusal.reason)
    const genesis = readFileSync(join(work, 'genesis'), 'utf8').trim()
    const verified = await verifyReceipt(receipt.value, { origin: ORIGIN, genesis }, parseAct)
    if (!verified.ok) throw new Error(verified.refusal.reason)
    expect(verified.value.status).toBe('logged')
    expect(verified.value.supports.map(({ party }) => party)).toEqual(['fabrikam.example'])
  })

  test('repeats the customer’s steps against an honest server', async () => {
    const again = await runAgainst({ about: /^no such address$/ }, ['read_notice', 'check_receipt'])
    expect(again.lines.join('\n')).toMatch(/^ok$/m)
    expect(again.code).toBe(0)
  })

  test.each(LIES)('notices a server that changes $name', async ({ step, says, ...dishonesty }) => {
    const deceived = await runAgainst(dishonesty, [step])
    expect(deceived.lines.join('\n')).toContain(says)
    expect(deceived.lines.join('\n')).toMatch(new RegExp(`^failed: ${step} `, 'm'))
    expect(deceived.code).toBe(1)
  })
})

/** Replaces one letter, so many characters after a mark, by another of the base64 alphabet. */
function flipLetter(text: string, mark: string, after: number): string {
  const found = text.indexOf(mark)
  if (found < 0) throw new Error(`the answer has no ${mark}`)
  const at = found + mark.length + after
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

async function runClient(
  url: string,
  at: string,
  options: { readonly steps?: readonly string[]; readonly onLine?: (line: string) => void } = {},
): Promise<Run> {
  const args = ['test/shell/client.sh', terms, url, at, ...(options.steps ?? [])]
  const child = spawn('sh', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const lines: string[] = []
  const onLine = (line: string): void => {
    lines.push(line)
    options.onLine?.(line)
  }
  createInterface(child.stderr).on('line', (line) => lines.push(line))
  createInterface(child.stdout).on('line', onLine)
  await once(child, 'close')
  return { code: child.exitCode ?? -1, lines }
}

/** Repeats steps in a copy of the folder, against a dishonest server. */
async function runAgainst(dishonesty: Dishonesty, steps: readonly string[]): Promise<Run> {
  const copy = mkdtempSync(join(folder, 'c'))
  cpSync(work, copy, { recursive: true })
  const liar = createServer((request, response) => {
    void relay(dishonesty, request).then(({ status, body }) => response.writeHead(status).end(body))
  })
  const at = await listen(liar)
  try {
    return await runClient(`http://127.0.0.1:${String(at)}`, copy, { steps })
  } finally {
    liar.close()
  }
}

async function relay(
  { about, answer, ask }: Dishonesty,
  request: IncomingMessage,
): Promise<{ status: number; body: Buffer | string }> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  const path = request.url ?? ''
  const isLie = about.test(path)
  const { authorization, 'content-type': type } = request.headers
  const url = `http://127.0.0.1:${String(port)}${isLie && ask !== undefined ? ask(path) : path}`
  const response = await fetch(url, {
    method: request.method ?? 'GET',
    headers: {
      ...(authorization === undefined ? {} : { Authorization: authorization }),
      ...(type === undefined ? {} : { 'Content-Type': type }),
    },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  })
  const body = Buffer.from(await response.arrayBuffer())
  const { status } = response
  return isLie && answer !== undefined
    ? { status, body: answer(body.toString()) }
    : { status, body }
}

function startProcess(home: string): ChildProcess {
  const args = ['--import', 'tsx', 'test/shell/server.ts', home, String(port)]
  return spawn(process.execPath, args, { stdio: 'ignore' })
}

async function listen(on: Server): Promise<number> {
  on.listen(0, '127.0.0.1')
  await once(on, 'listening')
  const address = on.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function freePort(): Promise<number> {
  const probe = createServer()
  const free = await listen(probe)
  probe.close()
  await once(probe, 'close')
  return free
}
