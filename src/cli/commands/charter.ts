import { composeAct } from '#client/act.ts'
import { openApi } from '#client/http.ts'
import { pinCoalition } from '#client/pins.ts'
import { systemRandom } from '#client/random.ts'
import { NO_HEAD } from '#core/act.ts'
import type { ActBodies, Founder, Quorums } from '#core/act-bodies.ts'
import { base64, fromUtf8 } from '#core/bytes.ts'
import type { Json, JsonObject } from '#core/canonical-json.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import { keepServer, pinStore } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { readBytes, readJson, readText, writeOut } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, say } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { certificateOf } from './key.ts'
import { member, readDuties, splitLast } from './officer.ts'

const NONCE_BYTES = 16

/** The quorums of DESIGN section 4, where the founders agree on no others. */
export const USUAL_QUORUMS: Quorums = {
  admit: [2, 3],
  advisory_reviewers: 2,
  amend: [2, 3],
  dossier_panelists: 7,
  suspend: [2, 3],
  suspend_others: 2,
  template_members: 3,
  template_partners: 1,
}

/** A coalition of one decides alone, and has neither outside reviewers nor dossiers. */
export const SOLO_QUORUMS: Quorums = {
  admit: [1, 1],
  advisory_reviewers: 0,
  amend: [1, 1],
  dossier_panelists: 0,
  suspend: [1, 1],
  suspend_others: 1,
  template_members: 1,
  template_partners: 0,
}

/** What a server says about itself for the charter. */
export interface Terms {
  readonly origin: string
  readonly log_key: string
  readonly service_certificate: string
  /** Templates that come with the server's version. */
  readonly templates: readonly string[]
}

/** `party charter` */
export const charter: Command = async (call) => {
  const terms = readTerms(await readJson(call, call.args.text('terms')))
  const founders = await readFounders(call)
  if (!founders.ok) return founders
  const payload = composeCharter(terms, {
    founders: founders.value,
    quorums: await readQuorums(call, founders.value.length),
    templates: call.args.list('adopt-template'),
    witnesses: {
      keys: [...call.args.list('witness')].toSorted(),
      quorum: call.args.count('witness-quorum') ?? 0,
    },
    now: call.io.now(),
  })
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  const path = writeOut(call, payload)
  const text = path === undefined ? (fromUtf8(payload) ?? '') : `charter  ${path}`
  return accept(
    say([text, `genesis  ${parsed.value.id}`], {
      genesis: parsed.value.id,
      origin: terms.origin,
      ...(path === undefined ? { charter: fromUtf8(payload) } : { file: path }),
    }),
  )
}

/** The payload of a charter. The first founder is its author. */
export function composeCharter(
  terms: Terms,
  draft: Pick<ActBodies['charter.adopt'], 'founders' | 'quorums' | 'templates' | 'witnesses'> & {
    readonly now: number
  },
): Uint8Array {
  const { founders, now, quorums, templates, witnesses } = draft
  const { log_key, origin, service_certificate } = terms
  return composeAct({
    type: 'charter.adopt',
    body: {
      founders,
      log_key,
      quorums,
      service_certificate,
      templates: [...new Set([...terms.templates, ...templates])].toSorted(),
      witnesses,
    },
    by: { party: founders[0]?.domain ?? '' },
    directory: NO_HEAD,
    origin,
    now,
    nonce: systemRandom(NONCE_BYTES),
  })
}

/** `party found` */
export const found: Command = async (call) => {
  const payload = await readBytes(call, call.args.argument(0))
  const parsed = parseAct(payload)
  if (!parsed.ok) return parsed
  if (parsed.value.act.type !== 'charter.adopt')
    return refuse('act-type-unknown', 'this is not a charter')
  const { id } = parsed.value
  const { origin } = parsed.value.act
  const named = {
    genesis: call.args.maybe('genesis') ?? id,
    origin: call.args.maybe('origin') ?? origin,
  }
  if (named.genesis !== id || named.origin !== origin)
    return refuse('genesis-wrong', 'the charter is of another coalition')
  const signatures = await Promise.all(
    call.args.list('signature').map(async (file) => await readText(call, file)),
  )
  if (signatures.length === 0) throw new UsageError('--signature is missing: every founder signs')
  const url = call.args.text('server')
  return await withHome(call, async (home) => {
    const api = openApi({ url })
    const submitted = await api.submitAct({ payload, signatures })
    if (!submitted.ok) return submitted
    const pins = pinStore(home)
    const pinned = await pinCoalition(pins, { origin, genesis: id })
    if (!pinned.ok) return pinned
    keepServer({ api, url, home, pins, coalition: { origin, genesis: id }, now: call.io.now() })
    return accept(
      describeSubmitted(submitted.value, [`${origin} is founded; its genesis id is`, id, '']),
    )
  })
}

async function readFounders(call: Call): Promise<Result<readonly Founder[]>> {
  const founders = new Map<string, Founder>()
  for (const text of call.args.list('founder')) {
    const at = text.indexOf('=')
    if (at <= 0) throw new UsageError(`${text} is not of the form DOMAIN=FILE:DUTIES`)
    const domain = text.slice(0, at)
    const { before, after } = splitLast(text.slice(at + 1), ':', 'DOMAIN=FILE:DUTIES')
    const certificate = await certificateOf(call, before)
    if (!certificate.ok) return certificate
    const officer = { certificate: base64(certificate.value), duties: readDuties(after) }
    founders.set(domain, { domain, officers: [...(founders.get(domain)?.officers ?? []), officer] })
  }
  if (founders.size === 0) throw new UsageError('--founder is missing')
  return accept([...founders.values()])
}

async function readQuorums(call: Call, founders: number): Promise<Quorums> {
  const path = call.args.maybe('quorums')
  const usual = founders === 1 ? SOLO_QUORUMS : USUAL_QUORUMS
  if (path === undefined) return usual
  const json = await readJson(call, path)
  if (!isObject(json)) throw new FileError(`${path} is not a JSON object`)
  const unknown = Object.keys(json).find((key) => !(key in USUAL_QUORUMS))
  if (unknown !== undefined) throw new FileError(`${path}: there is no quorum ${unknown}`)
  // Values are checked with the whole charter, by the schema that the server uses.
  return { ...usual, ...json }
}

/** Whether a JSON value is an object. */
export function isObject(json: Json): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** @throws FileError where it is not what `dunant init` prints. */
export function readTerms(json: Json): Terms {
  const [origin, logKey, service] = ['origin', 'log_key', 'service_certificate'].map((name) =>
    member(json, name),
  )
  if (origin === undefined || logKey === undefined || service === undefined) {
    throw new FileError('--terms is not a file that dunant init wrote')
  }
  const templates =
    typeof json === 'object' && json !== null && 'templates' in json ? json['templates'] : []
  const hashes = Array.isArray(templates)
    ? templates.filter((hash): hash is string => typeof hash === 'string')
    : []
  return { origin, log_key: logKey, service_certificate: service, templates: hashes }
}
