import { fetchTemplate } from '#client/adopted-template.ts'
import { signAct } from '#client/act.ts'
import { type Bundle, composeBundle, uploadBundle } from '#client/bundle.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { ProductLine } from '#client/envelope.ts'
import { type Api, openApi } from '#client/http.ts'
import {
  type ComposedNotice,
  type ComposedProduct,
  composeNotices,
  noticeBody,
  type NoticePlan,
  noticeSalts,
  openMailbox,
  type Undeliverable,
} from '#client/notice.ts'
import { pinCoalition, type PinStore } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import type { Recipient } from '#client/recipients.ts'
import { stockSealer } from '#client/sealer.ts'
import type { NoticeFileBody } from '#core/act-bodies.ts'
import { fromBase64 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { lineCommitment } from '#core/commitment.ts'
import { textHash } from '#core/template.ts'
import type { LinePath } from '#core/receipt.ts'
import type { Replay } from '#core/replay.ts'
import { type VerifiedReceipt, verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import {
  type Coalition,
  type Company,
  type Customer,
  FOUNDED_TEMPLATE,
  foundCoalition,
  ORIGIN,
} from './coalition.ts'
import { accepted } from './openpgp-keys.ts'
import { accountTemplate, BRIEF, FACTS } from './statements.ts'

/** The interface of a server in this process. */
export function connect(coalition: Pick<Coalition, 'app'>, token?: string): Api {
  return openApi({
    url: 'http://localhost',
    fetch: async (input, init) => await coalition.app.request(new Request(input, init)),
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
  accepted(await pinCoalition(pins, { origin: ORIGIN, genesis: coalition.ports.genesis }))
  return pins
}

/** A coalition in which the first company may adopt templates alone, and has adopted the one for accounts. */
export async function foundWithTemplate(
  options: { readonly logSeed?: Uint8Array } = {},
): Promise<Coalition> {
  const quorums = { template_members: 1, template_partners: 0 }
  const coalition = await foundCoalition({ quorums, ...options })
  const [company] = coalition.companies
  if (company === undefined) throw new Error('there is no company')
  const { manifest, texts } = accountTemplate()
  for (const text of texts.values()) {
    const uploaded = await coalition.app.request(`/api/templates/${textHash(text)}`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${await coalition.session(company)}` },
      body: Uint8Array.from(canonicalJson(text)),
    })
    if (uploaded.status !== 201) throw new Error(await uploaded.text())
  }
  const adopted = await coalition.submit('template.adopt', { manifest }, company)
  if (adopted.status !== 201) throw new Error(adopted.text)
  return coalition
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

/** A client of a company with an open session, and what it files with. */
export interface Desk {
  readonly api: Api
  readonly replay: Replay
  readonly plan: NoticePlan
  readonly company: Company
}

/** Opens a session for a company, and plans a notice by the adopted template. */
export async function openDesk(coalition: Coalition, company: Company): Promise<Desk> {
  const api = connect(coalition, await coalition.session(company))
  const replay = accepted(await fetchDirectory(api, await pinsOf(coalition)))
  const hash = [...replay.directory.templates.keys()].find((known) => known !== FOUNDED_TEMPLATE)
  const plan: NoticePlan = {
    origin: ORIGIN,
    genesis: coalition.ports.genesis,
    filer: company.domain,
    kind: 'first',
    brief: BRIEF,
    salts: noticeSalts(systemRandom),
    template: accepted(await fetchTemplate(api, hash ?? '')),
    at: coalition.clock.now(),
  }
  return { api, replay, plan, company }
}

/** A notice that a company filed. */
export interface Filed extends Desk {
  readonly id: string
  readonly bundle: Bundle
}

/** Uploads and files lines, whatever is in them, with a body that may be twisted. */
export async function fileLines(
  coalition: Coalition,
  desk: Desk,
  filing: { readonly lines: readonly string[]; readonly twist?: Partial<NoticeFileBody> },
): Promise<Filed> {
  const { api, company, plan } = desk
  const bundle = composeBundle(filing.lines, systemRandom)
  accepted(await uploadBundle(api, bundle))
  const reporter = company.key.fingerprint
  const body = { ...noticeBody(plan, bundle, { reporter }), ...filing.twist }
  const payload = await coalition.compose('notice.file', body, company)
  const signature = accepted(await signAct(company.key, payload, coalition.clock.now()))
  const submitted = accepted(await api.submitAct({ payload, signatures: [signature] }))
  return { ...desk, id: submitted.id, bundle }
}

/** A notice that a company filed through the whole of the client library. */
export interface FiledNotice extends Filed {
  readonly products: readonly (ProductLine & { readonly recipient: Recipient })[]
  readonly composed: {
    readonly lines: readonly string[]
    readonly told: number
    readonly undeliverable: readonly Undeliverable[]
  }
}

/** Composes the lines of a notice as the command line does. */
export async function composeLines(
  coalition: Coalition,
  desk: Desk,
  recipients: readonly Recipient[],
): Promise<Pick<FiledNotice, 'composed' | 'products'>> {
  const pins = await pinsOf(coalition)
  const { at, template } = desk.plan
  const sealer = stockSealer({ reporterKey: desk.company.key, texts: template.texts, at })
  const composed = composeNotices(desk.plan, recipients, {
    sealer,
    random: systemRandom,
    findMailbox: async (id, fingerprint) =>
      await openMailbox(desk.api, pins, { id, fingerprint, origin: ORIGIN, now: at }),
  })
  const all: ComposedNotice[] = []
  for await (const one of composed) all.push(one)
  const products = all.flatMap(({ product, recipient }) =>
    product === undefined ? [] : [{ ...product, ...bytesOf(product), recipient }],
  )
  return {
    products,
    composed: {
      lines: all.flatMap(({ mailboxLine, product }) =>
        [product?.line, mailboxLine].filter((line) => line !== undefined),
      ),
      told: products.length,
      undeliverable: all.flatMap(({ undeliverable }) => undeliverable ?? []),
    },
  }
}

function bytesOf({ salt, signed }: ComposedProduct): Pick<ProductLine, 'commitment' | 'signed'> {
  const bytes = fromBase64(signed) ?? new Uint8Array()
  return { commitment: lineCommitment(salt, bytes), signed: bytes }
}

/** Composes, uploads and files a notice as the command line does. */
export async function fileNotice(
  coalition: Coalition,
  company: Company,
  recipients: readonly Recipient[],
): Promise<FiledNotice> {
  const desk = await openDesk(coalition, company)
  const lines = await composeLines(coalition, desk, recipients)
  const filed = await fileLines(coalition, desk, { lines: lines.composed.lines })
  return { ...filed, ...lines }
}

/** The verified receipt of a notice. */
export async function receiptOf(
  coalition: Coalition,
  filed: Pick<Filed, 'api' | 'id'>,
): Promise<VerifiedReceipt> {
  const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis }
  const receipt = accepted(await filed.api.readReceipt(filed.id, { withChain: true }))
  return accepted(await verifyReceipt(receipt, anchor, parseAct))
}

/** The path of a line of a filed bundle. */
export function pathIn({ bundle }: Pick<Filed, 'bundle'>, line: string): LinePath {
  const index = bundle.indexOf(line) ?? -1
  return { count: bundle.count, index, path: bundle.pathOf(index) }
}
