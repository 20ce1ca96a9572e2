import { scryptSync } from 'node:crypto'
import { buildCheckList, type BuiltList, type CheckPlan } from '#client/build-check-list.ts'
import { type OpenList, openServedList } from '#client/check-list.ts'
import { askLists, type CheckAnswer, type DeriveKey } from '#client/check-notice.ts'
import { fetchDirectory } from '#client/directory.ts'
import { type Api, openApi } from '#client/http.ts'
import { pinCoalition } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import { checkCodeOf } from '#core/check-code.ts'
import {
  CHECK_SCRYPT,
  type CheckStatus,
  checkPassword,
  checkSalt,
  epochOf,
  releaseAt,
} from '#core/check-list.ts'
import { sha256 } from '#core/hash.ts'
import { utf8 } from '#core/bytes.ts'
import { DAY_SECONDS } from '#core/time.ts'
import type { CheckText } from '#wire/check-list.ts'
import { type Coalition, type Company, ORIGIN } from './coalition.ts'
import { memoryPins } from './filing.ts'
import { idOf } from './notices.ts'

const { blockSize, cost, keyBytes, parallelization } = CHECK_SCRYPT
const MEMORY = 64 * 1024 * 1024

/** scrypt at its real cost, remembered: the tests ask for the same keys again and again. */
const keys = new Map<string, Uint8Array>()
export const derive: DeriveKey = async (password, salt) => {
  const name = `${Buffer.from(password).toString('hex')}/${Buffer.from(salt).toString('hex')}`
  const options = { N: cost, r: blockSize, p: parallelization, maxmem: MEMORY }
  const key = keys.get(name) ?? Uint8Array.from(scryptSync(password, salt, keyBytes, options))
  keys.set(name, key)
  return await Promise.resolve(key)
}

/** A code that a name stands for. */
export function codeOf(name: string): string {
  return checkCodeOf(sha256(utf8(name)))
}

/** One code in a list. Without an account it stands in a list that is keyed by codes alone. */
export interface Entry {
  readonly code: string
  readonly account?: string
  readonly status?: CheckStatus
  readonly text?: Partial<CheckText>
}

/** What a genuine notice says to do. */
export const TEXT: CheckText = {
  blocks: [{ heading: '3. Do this now', lines: ['Change your password on another device.'] }],
  direction: 'ltr',
  issued: '2025-11-23',
  kind: 'first',
  language: 'en',
  subject: 'A message about your account',
  supports: [],
  template: '5'.repeat(64),
  v: 1,
}

/** Builds a company's list for the release in force, at the real cost of each key. */
export async function listOf(
  coalition: Coalition,
  company: Company,
  { entries, ...plan }: Partial<CheckPlan> & { readonly entries: readonly Entry[] },
): Promise<BuiltList> {
  const now = coalition.clock.now()
  const release = plan.release ?? releaseAt(now)
  const keyed = entries.every(({ account }) => account === undefined) ? 'code' : 'account'
  const salt = checkSalt(coalition.ports.genesis, epochOf(release))
  const rows = await Promise.all(
    entries.map(async ({ account, code, status = 'valid', text }) => ({
      key: await derive(checkPassword(code, account), salt),
      status,
      sinceDay: Math.floor(now / DAY_SECONDS),
      text: { ...TEXT, ...text },
    })),
  )
  const full = { filer: company.domain, keyed, release, ...plan } as const
  const built = await buildCheckList(rows, full, systemRandom)
  if (!built.ok) throw new Error(built.refusal.detail ?? built.refusal.reason)
  return built.value
}

/** Uploads the chunks of a list. */
export async function uploadList(
  coalition: Coalition,
  company: Company,
  { chunks }: Pick<BuiltList, 'chunks'>,
): Promise<void> {
  const api = apiOf(coalition, await coalition.session(company))
  for (const chunk of chunks) {
    const kept = await api.uploadCheckChunk(chunk)
    if (!kept.ok) throw new Error(kept.refusal.reason)
  }
}

/** Publishes a list, and gives the id of its act. */
export async function publishList(
  coalition: Coalition,
  company: Company,
  list: BuiltList,
): Promise<string> {
  await uploadList(coalition, company, list)
  return idOf(await coalition.submit('check.publish', list.body, company))
}

/** A client of a coalition, which hears what it asks for. */
export function apiOf({ app }: Pick<Coalition, 'app'>, token?: string, heard: string[] = []): Api {
  return openApi({
    url: 'http://127.0.0.1',
    ...(token === undefined ? {} : { token }),
    fetch: async (input, init) => {
      const request = new Request(input, init)
      heard.push(`${request.method} ${request.url} ${JSON.stringify([...request.headers])}`)
      return await app.request(request)
    },
  })
}

/** The lists that a server shows a stranger, verified. */
export async function openLists(
  coalition: Coalition,
  api: Api = apiOf(coalition),
): Promise<readonly OpenList[]> {
  const pins = memoryPins()
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  await pinCoalition(pins, anchor)
  const replay = await fetchDirectory(api, pins)
  const index = await api.readCheckIndex()
  if (!replay.ok || !index.ok) throw new Error('the server shows no lists')
  const opened: OpenList[] = []
  for (const served of index.value) {
    const list = await openServedList(api, served, { ...anchor, replay: replay.value })
    if (!list.ok) throw new Error(list.refusal.detail ?? list.refusal.reason)
    opened.push(list.value)
  }
  return opened
}

/** What a coalition's lists say to a stranger. */
export async function ask(
  coalition: Coalition,
  question: { readonly code: string; readonly account?: string },
  lists?: readonly OpenList[],
): Promise<CheckAnswer> {
  const now = coalition.clock.now()
  const all = lists ?? (await openLists(coalition))
  const keyed = question.account === undefined ? 'code' : 'account'
  return await askLists(
    all.filter(({ body }) => body.keyed === keyed),
    question,
    { derive, genesis: coalition.ports.genesis, now },
  )
}
