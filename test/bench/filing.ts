import { composeAct } from '#client/act.ts'
import type { Api } from '#client/http.ts'
import { type Bundle, composeBundle, uploadBundle } from '#client/bundle.ts'
import { mailboxLine, productLine } from '#client/envelope.ts'
import { answerChallenge, encryptTo, signDetached, signEntity } from '#client/openpgp.ts'
import { composeEnrolment } from '#client/mailbox.ts'
import { systemRandom } from '#client/random.ts'
import { paddedCount } from '#core/bundle.ts'
import { hex } from '#core/bytes.ts'
import { mailboxId, tokenHash } from '#core/mailbox.ts'
import { ENTITY, mailbox, MIDNIGHT, ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { actBodies } from './acts.ts'
import { type Group, type Line, median, rounded } from './measure.ts'
import { postAll } from './post.ts'
import { type BenchServer, COMPANY, openServer } from './server.ts'
import type { LoopDelays } from './server-role.ts'

const DELAY_MILLISECONDS_MAX = 50
const MAILBOXES = 16
const CUSTOMERS = 5000
const BUNDLE_LINES = paddedCount(CUSTOMERS + MAILBOXES)
const ACTS_PER_FILING = 64
const FILERS = 4
const ACT_CLIENTS = 16

/** How long the event loop is held up while bundles are uploaded and filed, and other acts come in beside. */
export const filing: Group = {
  name: 'filing',
  lines: ['loop-delay'],
  run: async (effort, print) => {
    const server = await openServer()
    try {
      const customers: Customer[] = []
      for (let i = 0; i < MAILBOXES; i++) customers.push(await enrol(server))
      const samples = effort.isQuick ? 1 : 5
      const filings = effort.isQuick ? 6 : 16
      const seen: LoopDelays[] = []
      for (let sample = 0; sample < samples; sample++)
        seen.push(await underLoad(server, customers, filings))
      print(delayLine(seen))
    } finally {
      await server.close()
    }
  },
}

async function underLoad(
  server: BenchServer,
  customers: readonly Customer[],
  filings: number,
): Promise<LoopDelays> {
  const bundles: Bundle[] = []
  for (let i = 0; i < filings; i++) bundles.push(await bundleFor(server, customers))
  const beside = await actBodies(server, filings * ACTS_PER_FILING)
  server.order('watch')
  await Promise.all([
    fileAll(server, bundles),
    postAll(`${server.url}/api/acts`, beside, { clients: ACT_CLIENTS }),
  ])
  return await server.delays()
}

function delayLine(seen: readonly LoopDelays[]): Line {
  const p99 = median(seen.map((delay) => delay.p99))
  const usual = String(rounded(median(seen.map(({ p50 }) => p50))))
  const longest = String(rounded(Math.max(...seen.map(({ max }) => max))))
  const load = `${String(FILERS)} filers with bundles of ${String(BUNDLE_LINES)} lines beside ${String(ACT_CLIENTS)} other clients`
  return {
    name: 'loop-delay',
    ratio: rounded(p99 / DELAY_MILLISECONDS_MAX),
    goal: 1,
    better: 'lower',
    value: rounded(p99),
    unit: 'milliseconds, 99th percentile',
    reference: `${String(DELAY_MILLISECONDS_MAX)} ms; ${load}; median ${usual} ms, longest ${longest} ms`,
    samples: seen.length,
  }
}

interface Customer {
  readonly id: string
  readonly certificate: Uint8Array
}

async function enrol({ api, head, member }: BenchServer): Promise<Customer> {
  const invitation = hex(systemRandom(32))
  const invite = composeAct({
    type: 'mailbox.invite',
    body: { tokens: [tokenHash(invitation)] },
    by: { party: COMPANY },
    directory: head,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const invited = [await signDetached(member.key, invite, { at: NOW })]
  accepted(await api.submitAct({ payload: invite, signatures: invited }))
  const { certificate, key } = await mailbox()
  const { fingerprint } = key
  const message = await api.requestChallenge({
    purpose: 'mailbox',
    certificate,
  })
  const expected = { origin: ORIGIN, purpose: 'mailbox', fingerprint }
  const salt = hex(systemRandom(16))
  const id = mailboxId(fingerprint, salt)
  const payload = composeEnrolment({
    mailbox: { id, fingerprint, salt, certificate },
    challenge: accepted(await answerChallenge(key, accepted(message), expected)),
    admission: { invitation },
    directory: head,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const signatures = [await signDetached(key, payload, { at: MIDNIGHT })]
  accepted(await api.submitAct({ payload, signatures }))
  return { id, certificate }
}

async function bundleFor({ member }: BenchServer, customers: readonly Customer[]): Promise<Bundle> {
  const products = Array.from({ length: CUSTOMERS }, () => productLine(hex(systemRandom(32))))
  const messages = await Promise.all(
    customers.map(async ({ certificate, id }) => {
      const signed = await signEntity(member.key, ENTITY, { at: NOW })
      return mailboxLine(id, await encryptTo(certificate, signed, { at: NOW }))
    }),
  )
  return composeBundle([...products, ...messages], systemRandom)
}

async function fileAll(server: BenchServer, bundles: readonly Bundle[]): Promise<void> {
  let next = 0
  const work = async (): Promise<void> => {
    for (let bundle = bundles[next++]; bundle !== undefined; bundle = bundles[next++])
      await fileOne(server, bundle)
  }
  await Promise.all(Array.from({ length: FILERS }, work))
}

async function fileOne({ api, head, member }: BenchServer, bundle: Bundle): Promise<void> {
  await upload(api, bundle)
  const { count, root } = bundle
  const payload = composeAct({
    type: 'notice.file',
    body: {
      brief: hex(systemRandom(32)),
      bundle: { count, root },
      kind: 'first',
      reporter: member.key.fingerprint,
      template: hex(systemRandom(32)),
    },
    by: { party: COMPANY },
    directory: head,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
  const signatures = [await signDetached(member.key, payload, { at: NOW })]
  accepted(await api.submitAct({ payload, signatures }))
}

/** Uploads of one party reserve their room one after the other; whoever loses that race comes again. */
async function upload(api: Api, bundle: Bundle): Promise<void> {
  for (;;) {
    const uploaded = await uploadBundle(api, bundle)
    if (uploaded.ok) return
    if (uploaded.refusal.reason !== 'state-changed') accepted(uploaded)
  }
}
