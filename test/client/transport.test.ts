import { expect, test } from 'vitest'
import { openApi, Outage } from '#client/http.ts'
import { reasonOf } from '#test/helpers/openpgp-keys.ts'

const ACT = '00'.repeat(32)
const DIRECTORY = { chain: [], genesis: ACT, head: ACT, origin: 'coalition.example' }

/** A server that answers one thing after the other. */
function server(...answers: readonly (() => Response)[]) {
  const requests: { url: string; init: RequestInit | undefined }[] = []
  const pauses: number[] = []
  const api = openApi({
    url: 'https://coalition.example/base/',
    token: 'secret',
    fetch: async (input, init) => {
      requests.push({ url: new Request(input).url, init })
      const answer = answers[Math.min(requests.length, answers.length) - 1]
      if (answer === undefined) throw new Error('no answer left')
      return await Promise.resolve(answer())
    },
    wait: async (milliseconds) => {
      pauses.push(milliseconds)
      await Promise.resolve()
    },
  })
  return { api, pauses, requests }
}

const json =
  (body: unknown, status = 200) =>
  () =>
    Response.json(body, { status })
const problem = (reason: string, status: number, detail?: string) =>
  json(
    {
      type: `/problems/${reason}`,
      title: 'A title.',
      status,
      ...(detail === undefined ? {} : { detail }),
    },
    status,
  )

function busy(): Response {
  return new Response(null, { status: 503, headers: { 'retry-after': '2' } })
}

test('asks where the server is, with the token and without following redirects', async () => {
  const { api, requests } = server(json(DIRECTORY))
  await api.readDirectory()
  expect(requests[0]?.url).toBe('https://coalition.example/base/api/directory')
  expect(requests[0]?.init).toMatchObject({ redirect: 'error', credentials: 'omit' })
  expect(new Headers(requests[0]?.init?.headers).get('authorization')).toBe('Bearer secret')
})

test.each([
  'http://coalition.example',
  'http://192.0.2.1',
  'ftp://localhost',
  'file:///etc/passwd',
])('an address that anybody can listen at is a fault of the caller: %s', (url) => {
  expect(() => openApi({ url })).toThrow(TypeError)
})

test.each([
  'https://coalition.example',
  'http://127.0.0.1:8080',
  'http://localhost:1',
  'http://[::1]:80',
])('an address that is encrypted or on this machine is taken: %s', (url) => {
  expect(() => openApi({ url })).not.toThrow()
})

test('a problem becomes the refusal that it names, and its words are shown as the words of the server', async () => {
  const { api } = server(
    problem('party-unknown', 422, 'no \u001b[31mparty\u001b[0m ünder this name'),
  )
  expect(await api.readDirectory()).toEqual({
    ok: false,
    refusal: {
      reason: 'party-unknown',
      detail: 'the server says: no ?[31mparty?[0m ?nder this name',
    },
  })
})

test.each([
  { name: 'a problem of a type that this version does not know', answer: problem('made-up', 422) },
  { name: 'a fault of the server', answer: problem('internal-error', 500) },
  {
    name: 'a page of somebody in between',
    answer: () => new Response('<h1>Bad gateway</h1>', { status: 502 }),
  },
  {
    name: 'a redirect',
    answer: () =>
      new Response(null, { status: 302, headers: { location: 'https://evil.example' } }),
  },
  { name: 'success with another body', answer: json({ ...DIRECTORY, surprise: 1 }) },
  { name: 'success without JSON', answer: () => new Response('{') },
])('$name is an outage', async ({ answer }) => {
  await expect(server(answer).api.readDirectory()).rejects.toThrow(Outage)
})

test('an answer longer than it may be is not read to its end', async () => {
  let sent = 0
  const endless = () =>
    new Response(
      new ReadableStream({
        pull: (controller) => {
          sent += 1
          controller.enqueue(new Uint8Array(1024 * 1024))
        },
      }),
    )
  await expect(server(endless).api.readAct(ACT)).rejects.toThrow('longer than the interface allows')
  expect(sent).toBeLessThan(16)
})

test('a server that cannot answer now is asked again, with growing pauses, and as it wishes', async () => {
  const { api, pauses } = server(busy, () => new Response(null, { status: 503 }), json(DIRECTORY))
  expect(reasonOf(await api.readDirectory())).toBe('accepted')
  expect(pauses).toEqual([2000, 1000])
})

test('a server that never can is an outage after four attempts', async () => {
  const { api, requests } = server(problem('unavailable', 503))
  await expect(api.readDirectory()).rejects.toThrow(Outage)
  expect(requests).toHaveLength(4)
})

test('a session is asked for once: each answer would be another token', async () => {
  const { api, requests } = server(problem('unavailable', 503))
  await expect(api.openSession({ payload: new Uint8Array(), signatures: [] })).rejects.toThrow(
    Outage,
  )
  expect(requests).toHaveLength(1)
})

test('a request that takes too long is an outage', async () => {
  const api = openApi({
    url: 'https://coalition.example',
    timeoutSeconds: 0.05,
    fetch: async (_input, init) =>
      await new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => {
          reject(new Error('aborted'))
        })
      }),
  })
  await expect(api.readDirectory()).rejects.toThrow(Outage)
})

test('a brief with another hash than was asked for is not given out', async () => {
  const { api } = server(() => new Response('something else'))
  await expect(api.readBrief(ACT)).rejects.toThrow('another hash')
})

test('what the caller passes cannot change the path', async () => {
  const { api, requests } = server(problem('not-found', 404))
  await api.readAct('../directory')
  expect(requests[0]?.url).toBe('https://coalition.example/base/api/acts/..%2Fdirectory')
})
