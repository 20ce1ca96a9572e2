import { fetchTemplate } from '#client/adopted-template.ts'
import { signAct } from '#client/act.ts'
import { type Bundle, composeBundle, uploadBundle } from '#client/bundle.ts'
import { fetchDirectory } from '#client/directory.ts'
import { type Api, openApi } from '#client/http.ts'
import {
  type ComposedNotices,
  type ComposedProduct,
  composeNotices,
  noticeBody,
  type NoticeFiling,
  type NoticePlan,
  noticeSalts,
  openMailbox,
} from '#client/notice.ts'
import { pinCoalition, type PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import type { Recipient } from '#client/recipients.ts'
import type { JsonObject } from '#core/canonical-json.ts'
import type { Replay } from '#core/replay.ts'
import type { Result } from '#core/result.ts'
import { type Coalition, type Company, type Customer, foundCoalition, ORIGIN } from './coalition.ts'
import { accountTemplate, BRIEF, FACTS } from './statements.ts'

/** The value of a result that must be one. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(JSON.stringify(result.refusal))
  return result.value
}

/** The reason of a result that must be a refusal. */
export function reasonOf(result: Result<unknown>): string {
  return result.ok ? 'accepted' : result.refusal.reason
}

/** The interface of a server in this process. */
export function connect(coalition: Pick<Coalition, 'app'>, token?: string): Api {
  return openApi({
    url: 'http://localhost',
    fetch: async (input, init) => await coalition.app.request(String(input), init),
    wait: async () => await Promise.resolve(),
    ...(token === undefined ? {} : { token }),
  })
}

/** Pins that last as long as a test, and can be looked at. */
export function memoryPins(
  entries = new Map<string, string>(),
): PinStore & { readonly entries: Map<string, string> } {
  return {
    entries,
    read: async (name) => await Promise.resolve(entries.get(name)),
    write: async (name, text) => {
      entries.set(name, text)
      await Promise.resolve()
    },
  }
}

/** Pins that know the coalition. */
export async function pinsOf(coalition: Coalition): Promise<ReturnType<typeof memoryPins>> {
  const pins = memoryPins()
  valueOf(await pinCoalition(pins, { origin: ORIGIN, genesis: coalition.ports.genesis }))
  return pins
}

/** A coalition in which the first company may adopt templates alone, and has adopted the one for accounts. */
export async function foundWithTemplate(): Promise<Coalition> {
  const coalition = await foundCoalition({ quorums: { template_members: 1, template_partners: 0 } })
  const [company] = coalition.companies
  if (company === undefined) throw new Error('there is no company')
  const { manifest, texts } = accountTemplate()
  const adopted = await coalition.submit(
    'template.adopt',
    { manifest: plain(manifest), texts: [...texts.values()].map(plain) },
    company,
  )
  if (adopted.status !== 201) throw new Error(adopted.text)
  return coalition
}

function plain(value: object): JsonObject {
  const json: JsonObject = JSON.parse(JSON.stringify(value))
  return json
}

/** Somebody who is told, in the product and, with a mailbox, there too. */
export function recipientOf(account: string, mailbox?: Customer): Recipient {
  return {
    account,
    language: 'en',
    facts: FACTS,
    line: 2,
    ...(mailbox === undefined ? {} : { mailbox: mailbox.id }),
  }
}

/** A notice that a company filed through the client library. */
export interface Filed {
  readonly id: string
  readonly plan: NoticePlan
  readonly bundle: Bundle
  readonly products: readonly ComposedProduct[]
  readonly composed: ComposedNotices
  readonly api: Api
  readonly replay: Replay
}

/** Composes, uploads and files a notice as the command line does. */
export async function fileNotice(
  coalition: Coalition,
  company: Company,
  told: { readonly recipients: readonly Recipient[]; readonly filing?: Partial<NoticeFiling> },
): Promise<Filed> {
  const pins = await pinsOf(coalition)
  const api = connect(coalition, await coalition.session(company))
  const replay = valueOf(await fetchDirectory(api, pins))
  const [hash] = replay.directory.templates
  const template = valueOf(await fetchTemplate(api, hash ?? ''))
  const now = coalition.clock.now()
  const plan: NoticePlan = {
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    filer: company.domain,
    kind: 'first',
    brief: BRIEF,
    salts: noticeSalts(systemRandom),
    template,
    at: now,
  }
  const products: ComposedProduct[] = []
  const composed = await composeNotices(plan, told.recipients, {
    reporterKey: company.key,
    random: systemRandom,
    findMailbox: async (id, fingerprint) =>
      await openMailbox(api, pins, { id, fingerprint, origin: ORIGIN, now }),
    keepProduct: async (product) => {
      products.push(product)
      await Promise.resolve()
    },
  })
  const bundle = composeBundle(composed.lines, systemRandom)
  valueOf(await uploadBundle(api, bundle))
  const body = noticeBody(plan, bundle, { reporter: company.key.fingerprint, ...told.filing })
  const payload = await coalition.compose('notice.file', body, company)
  const signature = valueOf(await signAct(company.key, payload, now))
  const submitted = valueOf(await api.submitAct({ payload, signatures: [signature] }))
  return { id: submitted.id, plan, bundle, products, composed, api, replay }
}
