import { fromBase64, hex, utf8 } from '#core/bytes.ts'
import type {
  BannerAnswer,
  BannerReport,
  EventStanding,
  Hold,
  LocalEvent,
  LocalProblem,
  NamedEvent,
  NoticeDraft,
  NoticeStanding,
  TakenEvent,
} from '#wire/agent.ts'
import type { ProductFile } from '#wire/product.ts'
import { signRequest } from './message-signature.ts'
import { systemRandom } from './random.ts'

/** What a system of the company was handed: the content of the file that `dunant agent client` writes. */
export interface AgentCredentials {
  readonly id: string
  /** Base64. */
  readonly key: string
}

/** Where the agent is, and who asks. */
export interface AgentClientOptions extends AgentCredentials {
  /** Such as `http://127.0.0.1:8790`. */
  readonly url: string
  readonly fetch?: typeof globalThis.fetch
  /** POSIX seconds. */
  readonly now?: () => number
}

/** A session of the product, as the product names it. */
export interface ProductSession {
  readonly session: string
  /** When it last saw its user's credentials: POSIX seconds. */
  readonly authenticatedAt: number
}

/** The agent said no; `problem` says why. */
export class AgentRefusal extends Error {
  override readonly name = 'AgentRefusal'
  readonly problem: LocalProblem

  constructor(problem: LocalProblem) {
    super(`${problem.type}: ${problem.detail ?? problem.title}`)
    this.problem = problem
  }
}

/** What a company's systems ask of its agent. Every method @throws AgentRefusal, and what `fetch` throws. */
export interface AgentClient {
  /** Drafts a notice, or drafts it anew. */
  draft(name: string, draft: NoticeDraft): Promise<void>
  /** Reports an event under an id of the company's own: as often as it takes, it counts once. */
  report(eventId: string, event: LocalEvent): Promise<void>
  /** Reports up to 500 events; the answer says of each whether it was taken. */
  reportAll(events: readonly NamedEvent[]): Promise<readonly TakenEvent[]>
  /** What the recipient of an event would read. */
  preview(
    name: string,
    eventId: string,
  ): Promise<{ readonly subject: string; readonly lines: readonly string[] }>
  /** Gives a notice out to be filed. */
  file(name: string): Promise<void>
  standing(name: string): Promise<NoticeStanding>
  eventStanding(eventId: string): Promise<EventStanding>
  stopBatch(name: string, number: number): Promise<void>
  /** Has the next lists of check codes say that others know the code of this account. */
  codePublished(name: string, account: string): Promise<void>
  /** Keeps everything of a matter, whatever its age. */
  hold(matter: string, hold: Hold): Promise<void>
  liftHold(matter: string): Promise<void>
  /** The banner for who has just signed in; `null` where there is none. */
  banner(account: string, session: ProductSession): Promise<BannerAnswer['notice']>
  /** The same as a piece of a page; empty where there is none. */
  bannerHtml(account: string, session: ProductSession): Promise<string>
  tell(account: string, report: BannerReport): Promise<void>
  /** The file by which the customer proves the notice; `null` where there is none. */
  proof(account: string): Promise<ProductFile | null>
}

interface Call {
  readonly method: 'DELETE' | 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly body?: { readonly type: string; readonly text: string }
  readonly accept?: string
}

const NONCE_BYTES = 16

/** Opens a client of the agent. @throws TypeError for a key that is none. */
export function openAgent(options: AgentClientOptions): AgentClient {
  const send = sender(options)
  const ask = async <T>(call: Call): Promise<T> => {
    const text = await send(call)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the agent is this company's own, and its key was used
    return JSON.parse(text) as T
  }
  return {
    draft: async (name, draft) => {
      await send(put(`/local/notices/${part(name)}`, draft))
    },
    report: async (eventId, event) => {
      await send(put(`/local/events/${part(eventId)}`, event))
    },
    reportAll: async (events) => {
      const text = events.map((event) => JSON.stringify(event)).join('\n')
      const call = { method: 'POST', path: '/local/events' } as const
      const body = { type: 'application/x-ndjson', text }
      return (await ask<{ events: readonly TakenEvent[] }>({ ...call, body })).events
    },
    preview: async (name, eventId) =>
      await ask(post(`/local/notices/${part(name)}/preview/${part(eventId)}`)),
    file: async (name) => {
      await send(post(`/local/notices/${part(name)}/file`))
    },
    standing: async (name) => await ask(get(`/local/notices/${part(name)}`)),
    eventStanding: async (eventId) => await ask(get(`/local/events/${part(eventId)}`)),
    stopBatch: async (name, number) => {
      await send(post(`/local/notices/${part(name)}/batches/${String(number)}/stop`))
    },
    codePublished: async (name, account) => {
      await send(post(`/local/notices/${part(name)}/published`, { account }))
    },
    hold: async (matter, hold) => {
      await send(put(`/local/holds/${part(matter)}`, hold))
    },
    liftHold: async (matter) => {
      await send({ method: 'DELETE', path: `/local/holds/${part(matter)}` })
    },
    banner: async (account, session) =>
      (await ask<BannerAnswer>(get(bannerPath(account, session)))).notice,
    bannerHtml: async (account, session) =>
      (await send({ ...get(bannerPath(account, session)), accept: 'text/html' })).trimEnd(),
    tell: async (account, report) => {
      await send(post(`/local/notice/${part(account)}`, report))
    },
    proof: async (account) =>
      (await ask<{ proof: ProductFile | null }>(get(`/local/proof/${part(account)}`))).proof,
  }
}

function sender(options: AgentClientOptions): (call: Call) => Promise<string> {
  const { id, url } = options
  const key = fromBase64(options.key)
  if (key === undefined) throw new TypeError('the key of the client is not base64')
  const now = options.now ?? (() => Math.floor(Date.now() / 1000))
  const fetched = options.fetch ?? globalThis.fetch
  return async ({ accept, body, method, path }) => {
    const bytes = body === undefined ? undefined : utf8(body.text)
    const request = {
      method,
      url: new URL(path, url).href,
      ...(bytes === undefined ? {} : { body: bytes, contentType: body?.type ?? '' }),
    }
    const nonce = hex(systemRandom(NONCE_BYTES))
    const fields = signRequest(request, { key, keyId: id, created: now(), nonce })
    const answer = await fetched(request.url, {
      method,
      headers: { ...fields, ...(accept === undefined ? {} : { accept }) },
      ...(bytes === undefined ? {} : { body: Uint8Array.from(bytes) }),
      redirect: 'error',
    })
    const text = await answer.text()
    if (answer.ok) return text
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the agent answers
    throw new AgentRefusal(JSON.parse(text) as LocalProblem)
  }
}

function put(path: string, value: unknown): Call {
  return { method: 'PUT', path, body: json(value) }
}

function post(path: string, value?: unknown): Call {
  return { method: 'POST', path, ...(value === undefined ? {} : { body: json(value) }) }
}

function get(path: string): Call {
  return { method: 'GET', path }
}

function bannerPath(account: string, { authenticatedAt, session }: ProductSession): string {
  const query = new URLSearchParams({ session, authenticated_at: String(authenticatedAt) })
  return `/local/notice/${part(account)}?${query.toString()}`
}

function json(value: unknown): { type: string; text: string } {
  return { type: 'application/json', text: JSON.stringify(value) }
}

function part(name: string): string {
  return encodeURIComponent(name)
}
