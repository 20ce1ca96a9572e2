import { base64, fromUtf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { writeArmor } from '#core/packets.ts'
import { ProblemSchema } from '#wire/answers.ts'
import { must, type Target } from '#test/fuzz/engine.ts'
import { fromLatin1, latin1 } from '#test/fuzz/material.ts'
import { type Coalition, foundCoalition, threeOf } from '#test/helpers/coalition.ts'

// An input is a request as text: a line with method and path, headers, a blank line, the body. `@token@` stands for the session of a
// company and `@chunk@ n` as a header makes the body come in pieces of n bytes, or break off where n is odd.

interface Stage {
  readonly coalition: Coalition
  readonly token: string
  readonly seeds: readonly Uint8Array[]
  /** Ids of the acts that somebody signed. */
  readonly acts: ReadonlySet<string>
  /** Of database and blobs, as the last request that was accepted left them. */
  snapshot: string
  inputs: number
}

/** Reading all of the database takes milliseconds, so it is done once for so many inputs. */
const SNAPSHOT_EACH = 256
const BOUNDARY = 'x'.repeat(40)
const ZEROS = '0'.repeat(64)

let opened: Promise<Stage> | undefined

async function openStage(): Promise<Stage> {
  const coalition = await foundCoalition()
  const { contoso } = threeOf(coalition)
  const token = await coalition.session(contoso)
  const tokens = ['00'.repeat(32)]
  const act = await coalition.compose('mailbox.invite', { tokens }, contoso)
  const signature = await coalition.sign(contoso, act)
  await coalition.post(act, signature)
  const customer = await coalition.enrol('alice')
  const chain = await coalition.ask('/api/directory')
  const known = [...chain.text.matchAll(/"payload":"([^"]+)"/g)].map(([, payload = '']) =>
    sha256Hex(new Uint8Array(Buffer.from(payload, 'base64'))),
  )
  const certificate = writeArmor('PGP PUBLIC KEY BLOCK', customer.certificateBytes)
  const seeds = requests({ act, signature, certificate, mailbox: customer.id })
  return {
    coalition,
    token,
    seeds,
    acts: new Set([...known, sha256Hex(act)]),
    snapshot: coalition.snapshot(),
    inputs: 0,
  }
}

function requests(good: {
  readonly act: Uint8Array
  readonly signature: string
  readonly certificate: string
  readonly mailbox: string
}): Uint8Array[] {
  const { act, certificate, mailbox, signature } = good
  const id = sha256Hex(act)
  const json = JSON.stringify({ payload: base64(act), signatures: [signature] })
  const part = (name: string, body: string): string =>
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"; filename="a"\r\n\r\n${body}\r\n`
  const form = `${part('act', latin1(act))}${part('signature', signature)}--${BOUNDARY}--\r\n`
  const line = `{"commitment":"${ZEROS}"}\n`
  const within = 'Authorization: Bearer @token@\n'
  const gets = [
    '/',
    '/api/directory',
    '/api/session/nonce',
    '/log/checkpoint',
    '/log/tile/0/000.p/1',
    '/log/tile/entries/000.p/1',
    '/log/addenda.v1',
    `/log/addenda/00/00/${ZEROS}`,
    '/keys/index.json',
    '/keys/service.asc',
    '/.well-known/security.txt',
    '/openapi.json',
    '/problems',
    '/problems/act-not-json',
    '/healthz',
    '/readyz',
    `/api/acts/${id}`,
    `/api/acts/${id}/receipt`,
    '/api/acts?status=pending',
    `/api/mailboxes/${mailbox}`,
    `/api/mailboxes/${mailbox}/lines`,
    `/api/bundles/${ZEROS}`,
    `/api/bundles/${ZEROS}/lines/0`,
    '/.well-known/openpgpkey/policy',
    `/api/briefs/${ZEROS}`,
    `/api/templates/${ZEROS}`,
  ]
  return [
    ...gets.map((path) => `GET ${path}\n\n`),
    ...gets.map((path) => `GET ${path}\n${within}\n`),
    `POST /api/acts\nContent-Type: application/json\n\n${json}`,
    `POST /api/acts\nContent-Type: application/json; charset=utf-8\n@chunk@: 8\n\n${json}`,
    `POST /api/acts\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\n\n${form}`,
    `POST /api/acts\nContent-Type: multipart/form-data; boundary="${BOUNDARY}"\n@chunk@: 100\n\n${form}`,
    `POST /api/acts\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\n\n--${BOUNDARY}--\r\n`,
    `POST /api/acts/${id}/signatures\n\n${signature}`,
    `POST /api/challenges?purpose=mailbox\nContent-Type: application/pgp-keys\n\n${certificate}`,
    `POST /api/session\nContent-Type: application/json\n\n${json}`,
    `PUT /api/bundles/${ZEROS}?count=1024\n${within}Content-Range: bytes 0-${String(line.length - 1)}/${String(line.length)}\n\n${line}`,
    `PUT /api/briefs/${ZEROS}\n${within}@chunk@: 3\n\nabc`,
    `PUT /api/templates/${ZEROS}\n${within}\n{"a":0}`,
    `HEAD /api/bundles/${ZEROS}\n${within}\n`,
    `OPTIONS /api/acts\nOrigin: https://a.example\n\n`,
  ].map(fromLatin1)
}

interface Sent {
  readonly method: string
  readonly path: string
  readonly headers: Headers
  readonly body: Uint8Array
  readonly chunk: number | undefined
}

/** Takes an input apart; `undefined` for what no HTTP server would hand on. */
function readRequest(input: Uint8Array, token: string): Sent | undefined {
  const text = latin1(input)
  const headEnd = text.indexOf('\n\n')
  if (headEnd < 0) return undefined
  const [first = '', ...lines] = text.slice(0, headEnd).split('\n')
  const [, method = '', path = ''] = /^([A-Z]{1,10}) (\/[!-~\u0080-\u00ff]*)$/.exec(first) ?? []
  const headers = new Headers()
  let chunk: number | undefined
  for (const line of lines) {
    const [name = '', ...rest] = line.split(': ')
    const value = rest.join(': ').replaceAll('@token@', token)
    if (name === '@chunk@') chunk = Math.max(1, Math.trunc(Number(value)) || 1)
    else if (!tryTo(() => headers.append(name, value))) return undefined
  }
  const isUrl = tryTo(() => new URL(path, 'http://localhost'))
  const isMethod = method !== '' && tryTo(() => new Request('http://localhost', { method }))
  if (path === '' || !isUrl || !isMethod) return undefined
  return { method, path, headers, body: fromLatin1(text.slice(headEnd + 2)), chunk }
}

function tryTo(act: () => unknown): boolean {
  try {
    act()
    return true
  } catch {
    return false
  }
}

function bodyOf({ body, chunk }: Sent): BodyInit {
  if (chunk === undefined) return new Uint8Array(body)
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < body.length) {
        controller.enqueue(body.subarray(at, at + chunk))
        at += chunk
      } else if (chunk % 2 === 1) controller.error(new Error('the connection breaks off'))
      else controller.close()
    },
  })
}

async function send(stage: Stage, sent: Sent): Promise<string> {
  const { headers, method, path } = sent
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const answer = await stage.coalition.app.request(path, {
    method,
    headers,
    ...(hasBody ? { body: bodyOf(sent), duplex: 'half' } : {}),
  })
  const bytes = new Uint8Array(await answer.arrayBuffer())
  const { status } = answer
  must(status < 500, `the server fails: ${stage.coalition.events.at(-1) ?? ''}`)
  if (status >= 400 && method !== 'HEAD') checkProblem(answer, bytes)
  if (status === 201 || status === 200) checkAccepted(stage, sent, bytes)
  return `${String(status)} ${reasonIn(bytes)}`
}

function checkProblem(answer: Response, bytes: Uint8Array): void {
  must(answer.headers.get('Content-Type') === 'application/problem+json', 'a fault is no problem')
  const problem = ProblemSchema.safeParse(JSON.parse(fromUtf8(bytes) ?? ''))
  must(problem.success && problem.data.status === answer.status, 'the problem is malformed')
}

/** Nobody signed anything new, so that an act is accepted only where it is one of those signed before. */
function checkAccepted({ acts }: Stage, { method, path }: Sent, bytes: Uint8Array): void {
  const isAct = method === 'POST' && path.startsWith('/api/acts')
  const id = /"id":"([0-9a-f]{64})"/.exec(fromUtf8(bytes) ?? '')?.[1]
  must(!isAct || (id !== undefined && acts.has(id)), 'an act that nobody signed is accepted')
}

function reasonIn(bytes: Uint8Array): string {
  const [, reason = ''] = /"\/problems\/([a-z-]+)"/.exec(latin1(bytes.subarray(0, 2000))) ?? []
  return reason
}

const http: Target = {
  name: 'http',
  words: [
    'GET ',
    'POST ',
    'PUT ',
    'HEAD ',
    'DELETE ',
    'OPTIONS ',
    'PATCH ',
    'QUERY ',
    'Content-Type: application/json\n',
    'Content-Length: 5\n',
    '@chunk@: 7\n',
    '@chunk@: 8\n',
    'Authorization: Bearer @token@\n',
    'Authorization: Bearer \n',
    'Expect: 100-continue\n',
    'Content-Type: multipart/form-data; boundary=',
    'Content-Type: text/plain\n',
    `--${BOUNDARY}`,
    'If-None-Match: *\n',
    'Range: bytes=0-0\n',
    'Accept: */*\n',
    'Content-Encoding: gzip\n',
    '?status=',
    '&count=1024',
    '?purpose=officer',
    '%2e%2e',
    '%00',
    '%ff',
    '//',
    '/lines/0',
    'name="act"',
    'name="signature"',
    'filename="',
    'Content-Range: bytes 0-0/1\n',
  ],
  bytesMax: 1_200_000,
  heapMegabytesMax: 192,
  seeds: async () => {
    opened ??= openStage()
    return (await opened).seeds
  },
  run: async (input) => {
    const stage = await (opened ??= openStage())
    const sent = readRequest(input, stage.token)
    if (sent === undefined) return 'no request'
    const answer = await send(stage, sent)
    stage.inputs++
    // What is accepted may change something: part of a bundle, a template, a session. An act that is known (200) changes nothing.
    if (answer.startsWith('20') && (sent.method === 'PUT' || sent.path.startsWith('/api/session')))
      stage.snapshot = stage.coalition.snapshot()
    if (stage.inputs % SNAPSHOT_EACH === 0)
      must(stage.coalition.snapshot() === stage.snapshot, 'a refused request left something behind')
    return answer
  },
}

/** The whole server, over a real database. */
export const HTTP_TARGETS: readonly Target[] = [http]

/** Ends the server of the target, where one was opened. */
export async function closeHttp(): Promise<void> {
  await (await opened)?.coalition.close()
  opened = undefined
}
