import { systemRandom } from '#client/random.ts'
import { type ActBodies, type ActType, DUTIES, type NoticeFileBody } from '#core/act-bodies.ts'
import { base64, hex, utf8 } from '#core/bytes.ts'
import { sha256Hex } from '#core/hash.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import { formatInstant } from '#core/time.ts'
import { encryptForMany, signEntity } from '#client/openpgp.ts'
import { Unavailable } from '#ports/storage.ts'
import { runDue } from '#service/run-due.ts'
import {
  type Answered,
  type Coalition,
  type Company,
  type Customer,
  formOf,
  threeOf,
} from './coalition.ts'
import { companyKey, customerKey } from './coalition-keys.ts'
import {
  briefTo,
  type Bundle,
  bundleFor,
  fileNotice,
  idOf,
  noticeBody,
  openCampaign,
  upload,
} from './notices.ts'

/** What came of an attempt. */
export interface Outcome {
  readonly status: number
  readonly receipt: unknown
  readonly retryAfter: boolean
  /** Why it was refused. */
  readonly reason?: string | undefined
}

/** Something that changes the coalition, ready to be done. */
export interface Attempt {
  /** The act that it submits, where it submits one. */
  readonly act?: string
  /** Does it with the same bytes each time, whatever process is there. */
  readonly run: (coalition: Coalition) => Promise<Outcome>
}

/** A coalition, wherever its server runs. */
export interface Scene {
  /** The process as it is now. */
  readonly coalition: () => Coalition
  readonly clock: Coalition['clock']
  /** Makes room for another upload of Contoso. */
  readonly makeRoom: () => Promise<void>
}

/** What every operation may use. */
export interface Props<World extends Scene = Scene> {
  readonly world: World
  readonly anna: Customer
  readonly campaign: string
  readonly brief_message: string
}

/** Enrols a customer and opens a campaign that all have accepted. */
export async function openProps<World extends Scene>(world: World): Promise<Props<World>> {
  const coalition = world.coalition()
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const anna = await coalition.enrol('anna', [contoso.domain])
  const campaign = await openCampaign(coalition, contoso, [fabrikam, litware])
  for (const company of [fabrikam, litware])
    idOf(await coalition.submit('campaign.accept', { campaign }, company))
  const brief_message = await briefTo(coalition, contoso, [contoso, fabrikam, litware])
  return { world, anna, campaign, brief_message }
}

function outcomeOf({ body, headers, reason, status }: Answered): Outcome {
  return { status, receipt: body['receipt'], retryAfter: headers.has('retry-after'), reason }
}

/** An act, composed and signed. */
export async function act<T extends ActType>(
  world: Scene,
  type: T,
  ...[body, by]: readonly [ActBodies[T], Company | Customer]
): Promise<Attempt> {
  const coalition = world.coalition()
  const payload = await coalition.compose(type, body, by)
  return posting(payload, await coalition.sign(by, payload))
}

function posting(payload: Uint8Array, signature: string): Attempt {
  return {
    act: sha256Hex(payload),
    run: async (coalition) => outcomeOf(await coalition.post(payload, signature)),
  }
}

/** The work that nobody asked for. */
export function unasked(): Attempt {
  return {
    run: async ({ ports }) => {
      try {
        await runDue(ports)
        await ports.sequencer.flush()
        return { status: 200, receipt: null, retryAfter: true }
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        return { status: 503, receipt: null, retryAfter: true }
      }
    },
  }
}

let admitted = 0

/** The admission of a partner whom nobody knows yet. */
export async function admission(world: Scene): Promise<ActBodies['party.admit']> {
  admitted += 1
  const partner = await companyKey(`partner-${String(admitted)}.example`)
  const challenge = await world
    .coalition()
    .challenge(partner.key, partner.certificateBytes, 'officer')
  const officers = [{ certificate: partner.certificate, challenge, duties: DUTIES }]
  return { domain: partner.domain, kind: 'partner', officers }
}

/** An admission with one vote; gives its id. */
export async function submitted(world: Scene): Promise<string> {
  const { contoso } = threeOf(world.coalition())
  return idOf(await world.coalition().submit('party.admit', await admission(world), contoso))
}

export async function lastSignature(world: Scene): Promise<Attempt> {
  const coalition = world.coalition()
  const { contoso, fabrikam } = threeOf(coalition)
  const payload = await coalition.compose('party.admit', await admission(world), contoso)
  const id = idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
  const signature = await coalition.sign(fabrikam, payload)
  return { act: id, run: async (now) => outcomeOf(await now.cosign(id, signature)) }
}

/** Leaves an act behind that has run out. */
export async function lapsing(world: Scene): Promise<void> {
  const coalition = world.coalition()
  const { contoso } = threeOf(coalition)
  const by = { by: { party: contoso.domain }, lifetimeSeconds: 60 }
  const payload = await coalition.compose('party.admit', await admission(world), by)
  idOf(await coalition.post(payload, await coalition.sign(contoso, payload)))
  world.clock.advance(61)
}

/** A customer of their own, who may be filed to by Contoso. */
export async function customer(world: Scene): Promise<Customer> {
  return await world.coalition().enrol('berta', ['contoso.example'])
}

export async function invited(world: Scene): Promise<string> {
  const invitation = hex(systemRandom(32))
  const { contoso } = threeOf(world.coalition())
  const body = { tokens: [tokenHash(invitation)] }
  idOf(await world.coalition().submit('mailbox.invite', body, contoso))
  return invitation
}

export async function enrolment(
  world: Scene,
  { invitation, name }: { readonly invitation: string; readonly name: string },
): Promise<Attempt> {
  const coalition = world.coalition()
  const { certificateBytes, key, privateArmored } = await customerKey(name)
  const salt = hex(systemRandom(16))
  const id = mailboxId(key.fingerprint, salt)
  const body = {
    certificate: base64(certificateBytes),
    challenge: await coalition.challenge(key, certificateBytes, 'mailbox'),
    identifiable: false,
    invitation,
    mailbox: id,
    salt,
  }
  const payload = await coalition.compose('mailbox.enrol', body, { by: { key: key.fingerprint } })
  const signer = { id, key, certificateBytes, privateArmored, salt }
  return posting(payload, await coalition.sign(signer, payload))
}

export async function rotation(
  world: Scene,
  { own, to }: { readonly own: Customer; readonly to: string },
): Promise<Attempt> {
  const { certificateBytes, key } = await customerKey(to)
  const challenge = await world.coalition().challenge(key, certificateBytes, 'mailbox')
  return await act(
    world,
    'mailbox.rotate',
    { certificate: base64(certificateBytes), challenge },
    own,
  )
}

export async function brief(world: Scene): Promise<Attempt> {
  const coalition = world.coalition()
  const { contoso } = threeOf(coalition)
  const at = coalition.clock.now()
  const entity = await signEntity(contoso.key, utf8('Content-Type: text/plain\r\n\r\n.\r\n'), {
    at,
  })
  const message = await encryptForMany([contoso.certificateBytes], entity, { at })
  const token = await coalition.session(contoso)
  const path = `/api/briefs/${sha256Hex(message)}`
  return {
    run: async (now) =>
      outcomeOf(await now.ask(path, { method: 'PUT', token, body: Uint8Array.from(message) })),
  }
}

/** A bundle with a message for Anna. */
export async function bundleOfAnna({ anna, world }: Props): Promise<Bundle> {
  await world.makeRoom()
  return await bundleFor(world.coalition(), threeOf(world.coalition()).contoso, [anna])
}

/** Sends part of a bundle. Whoever is told that it is held already goes on, as our client does. */
export async function uploading(
  { world }: Props,
  part: Bundle & { readonly offset?: number; readonly totalBytes?: number },
): Promise<Attempt> {
  const token = await world.coalition().session(threeOf(world.coalition()).contoso)
  const end = (part.offset ?? 0) + part.bytes.length
  return {
    run: async (now) => {
      const answered = await upload(now, token, part)
      const isHeld = answered.status === 409 && answered.body['held'] === end
      return { ...outcomeOf(answered), ...(isHeld ? { status: 200 } : {}) }
    },
  }
}

/** A bundle in two chunks. */
function halves(bundle: Bundle): readonly [Bundle, Bundle & { readonly offset: number }] {
  const text = new TextDecoder().decode(bundle.bytes)
  const cut = text.indexOf('\n', text.length / 2) + 1
  return [
    { ...bundle, bytes: utf8(text.slice(0, cut)) },
    { ...bundle, bytes: utf8(text.slice(cut)), offset: cut },
  ]
}

export async function furtherChunk(props: Props): Promise<Attempt> {
  const bundle = await bundleOfAnna(props)
  const totalBytes = bundle.bytes.length
  const [first, second] = halves(bundle)
  const begun = await uploading(props, { ...first, totalBytes })
  await begun.run(props.world.coalition())
  return await uploading(props, { ...second, totalBytes })
}

/** The last chunk of a bundle with another root: it is refused, and the server gives up what it holds. */
export async function falseBundle(props: Props): Promise<Attempt> {
  const bundle = await bundleOfAnna(props)
  const totalBytes = bundle.bytes.length
  const root = sha256Hex(systemRandom(32))
  const [first, second] = halves({ ...bundle, root })
  const begun = await uploading(props, { ...first, totalBytes })
  await begun.run(props.world.coalition())
  return await uploading(props, { ...second, totalBytes })
}

/** Terms of a joint notice. */
export function inAnHour(world: Scene, required: number): NonNullable<NoticeFileBody['joint']> {
  return { required, until: formatInstant(world.clock.now() + 3600) }
}

export async function filing(props: Props, more: Partial<NoticeFileBody>): Promise<Attempt> {
  const { brief_message, campaign, world } = props
  const { contoso } = threeOf(world.coalition())
  const bundle = await bundleOfAnna(props)
  await (await uploading(props, bundle)).run(world.coalition())
  const body = noticeBody(contoso, bundle, { campaign, brief_message, ...more })
  return await act(world, 'notice.file', body, contoso)
}

/** A notice that was filed; gives its id. */
export async function filed(props: Props, more: Partial<NoticeFileBody>): Promise<string> {
  const attempt = await filing(props, more)
  const { status } = await attempt.run(props.world.coalition())
  if (status !== 201 || attempt.act === undefined) throw new Error('a notice was not filed')
  return attempt.act
}

export async function support(
  { world }: Pick<Props, 'world'>,
  notice: string,
  by: 'fabrikam' | 'litware' = 'fabrikam',
): Promise<Attempt> {
  const party = threeOf(world.coalition())[by]
  const body = { notice, statements: ['issuer_is_genuine'] } as const
  return await act(world, 'notice.support', body, party)
}

/** Two acts that acknowledge the same line. */
export async function acknowledgement({
  anna,
  world,
}: Props): Promise<readonly [Attempt, Attempt]> {
  const coalition = world.coalition()
  const { contoso } = threeOf(coalition)
  const { bundle, notice } = await fileNotice(coalition, contoso, { customers: [anna] })
  const body = { index: bundle.lines.findIndex((line) => line.includes(anna.id)), notice }
  const acknowledging = async (): Promise<Attempt> =>
    await act(world, 'notice.acknowledge', body, anna)
  return [await acknowledging(), await acknowledging()]
}

/** A nonce is good once, so whoever did not hear the answer asks for another. */
export function session(): Attempt {
  return {
    run: async (now) => {
      const { contoso } = threeOf(now)
      const { body } = await now.ask('/api/session/nonce')
      const opening = { session: String(body['nonce']) }
      const payload = await now.compose('session.open', opening, contoso)
      const form = formOf(payload, [await now.sign(contoso, payload)])
      return outcomeOf(await now.ask('/api/session', { method: 'POST', body: form }))
    },
  }
}
