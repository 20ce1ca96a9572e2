import { ACT_BYTES_MAX } from '#core/act.ts'
import { base64, fromUtf8, utf8 } from '#core/bytes.ts'
import type { RefusalReason } from '#core/refusal.ts'
import {
  type Answered,
  type Coalition,
  formOf,
  ORIGIN,
  threeOf,
  type Twist,
} from '#test/helpers/coalition.ts'
import { type RefusalCase, streamOf } from './refusal-case.ts'

const DAY = 86_400
const MALFORMED = { reason: 'request-malformed', status: 400 } as const

/** A refusal that needs nothing but one request. */
function at(
  name: string,
  kind: Pick<RefusalCase, 'reason' | 'status'>,
  ask: (coalition: Coalition) => Promise<Answered>,
): RefusalCase {
  return { ...kind, name, arrange: async (coalition) => async () => await ask(coalition) }
}

/** An act that would be accepted, whose bytes are changed before they are signed. */
function bytes(
  name: string,
  kind: Pick<RefusalCase, 'reason' | 'status'>,
  change: (text: string) => Uint8Array,
): RefusalCase {
  return at(name, kind, async (coalition) => {
    const { contoso } = threeOf(coalition)
    const good = await coalition.compose(
      'party.suspend',
      { domain: 'litware.example', reason: 'left' },
      contoso,
    )
    const signature = await coalition.sign(contoso, good)
    return await coalition.post(change(fromUtf8(good) ?? ''), signature)
  })
}

/** An act whose envelope differs from one that would be accepted. */
function envelope(
  name: string,
  reason: RefusalReason,
  twist: (now: number) => Omit<Twist, 'by'>,
): RefusalCase {
  return at(name, { reason, status: 422 }, async (coalition) => {
    const { contoso } = threeOf(coalition)
    const body = { domain: 'litware.example', reason: 'left' } as const
    const by = { party: contoso.domain }
    const payload = await coalition.compose('party.suspend', body, {
      by,
      ...twist(coalition.clock.now()),
    })
    return await coalition.post(payload, await coalition.sign(contoso, payload))
  })
}

function replaced(from: string, to: string): (text: string) => Uint8Array {
  return (text) => {
    if (!text.includes(from)) throw new Error(`the act does not say ${from}`)
    return utf8(text.replace(from, to))
  }
}

async function actForm(coalition: Coalition, change: (form: FormData) => void): Promise<Answered> {
  const { contoso } = threeOf(coalition)
  const payload = await coalition.compose(
    'party.suspend',
    { domain: 'litware.example', reason: 'left' },
    contoso,
  )
  const form = formOf(payload, [await coalition.sign(contoso, payload)])
  change(form)
  return await coalition.ask('/api/acts', { method: 'POST', body: form })
}

function json(text: string): Parameters<Coalition['ask']>[1] {
  return { method: 'POST', body: text, headers: { 'Content-Type': 'application/json' } }
}

const PNG = { method: 'POST', body: 'x', headers: { 'Content-Type': 'image/png' } }

export const SENT: readonly RefusalCase[] = [
  at('a picture for an act', MALFORMED, async ({ ask }) => await ask('/api/acts', PNG)),
  at(
    'no media type for an act',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts', { method: 'POST' }),
  ),
  at('broken JSON', MALFORMED, async ({ ask }) => await ask('/api/acts', json('{"payload":'))),
  at(
    'JSON of another form',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts', json('{"payload":"e30=","signatures":"one"}')),
  ),
  at(
    'JSON with one member too many',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts', json('{"payload":"e30=","signatures":[],"more":1}')),
  ),
  at(
    'JSON that reaches for the prototype',
    MALFORMED,
    async ({ ask }) =>
      await ask('/api/acts', json('{"__proto__":{"payload":"e30="},"signatures":[]}')),
  ),
  at(
    'JSON nested 200,000 deep',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts', json('['.repeat(200_000))),
  ),
  at(
    'a payload that is not base64',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts', json('{"payload":"e30","signatures":[]}')),
  ),
  at(
    'a form without its boundary',
    MALFORMED,
    async ({ ask }) =>
      await ask('/api/acts', { ...PNG, headers: { 'Content-Type': 'multipart/form-data' } }),
  ),
  at(
    'a form cut short',
    MALFORMED,
    async ({ ask }) =>
      await ask('/api/acts', {
        method: 'POST',
        body: '--x\r\nContent-Disposition: form-data; name="act"\r\n\r\n{}',
        headers: { 'Content-Type': 'multipart/form-data; boundary=x' },
      }),
  ),
  at(
    'the field act twice',
    MALFORMED,
    async (c) => await actForm(c, (form) => form.append('act', '{}')),
  ),
  at('no field act', MALFORMED, async (c) => await actForm(c, (form) => form.delete('act'))),
  at(
    'a field that nobody asked for',
    MALFORMED,
    async (c) => await actForm(c, (form) => form.append('more', '1')),
  ),
  at(
    'a form where armor is expected',
    MALFORMED,
    async ({ ask }) =>
      await ask(`/api/acts/${'0'.repeat(64)}/signatures`, { method: 'POST', body: new FormData() }),
  ),
  at(
    'a listing that there is not',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts?status=effective'),
  ),
  at(
    'a page that does not exist',
    MALFORMED,
    async ({ ask }) => await ask('/api/acts?status=pending&after=x'),
  ),
  at(
    'a chain that is neither there nor not',
    MALFORMED,
    async ({ ask, ports }) => await ask(`/api/acts/${ports.genesis}/receipt?chain=maybe`),
  ),
  at(
    'a directory from no number on',
    MALFORMED,
    async ({ ask }) => await ask('/api/directory?after=-1'),
  ),
  at(
    'a challenge without a purpose',
    MALFORMED,
    async ({ ask }) => await ask('/api/challenges', { method: 'POST', body: 'x' }),
  ),
  at(
    'a challenge of a purpose that there is not',
    MALFORMED,
    async ({ ask }) => await ask('/api/challenges?purpose=notice', { method: 'POST', body: 'x' }),
  ),
  at(
    'a cookie for a page elsewhere',
    MALFORMED,
    async ({ ask }) =>
      await ask('/api/session?cookie=1', {
        method: 'POST',
        headers: { Origin: 'https://evil.example' },
      }),
  ),
  at(
    'a cookie for nobody knows where',
    MALFORMED,
    async ({ ask }) => await ask('/api/session?cookie=1', { method: 'POST' }),
  ),

  at(
    'a body that announces too much',
    { reason: 'request-too-large', status: 413 },
    async ({ ask }) =>
      await ask('/api/acts', {
        ...json('{}'),
        headers: { 'Content-Type': 'application/json', 'Content-Length': '99999999' },
      }),
  ),
  at(
    'a body that announces nothing and does not end',
    { reason: 'request-too-large', status: 413 },
    async ({ ask }) =>
      await ask('/api/acts', {
        method: 'POST',
        body: streamOf(new Uint8Array(2 ** 21), 65_536),
        headers: { 'Content-Type': 'application/json' },
      }),
  ),
  at(
    'armor that does not end',
    { reason: 'request-too-large', status: 413 },
    async ({ ask }) =>
      await ask('/api/challenges?purpose=mailbox', { method: 'POST', body: 'x'.repeat(200_000) }),
  ),

  at(
    'an address that there is not',
    { reason: 'not-found', status: 404 },
    async ({ ask }) => await ask('/api/nothing'),
  ),
  at(
    'an id that is none',
    { reason: 'not-found', status: 404 },
    async ({ ask }) => await ask('/api/acts/ABC'),
  ),
  at(
    'an act that nobody sent',
    { reason: 'not-found', status: 404 },
    async ({ ask }) => await ask(`/api/acts/${'0'.repeat(64)}`),
  ),
  at(
    'a path that is no UTF-8',
    { reason: 'not-found', status: 404 },
    async ({ ask }) => await ask('/api/%ff%fe/%00'),
  ),
  at(
    'a template that there is not',
    { reason: 'not-found', status: 404 },
    async ({ ask }) => await ask(`/api/templates/${'0'.repeat(64)}`),
  ),

  bytes('bytes that are not UTF-8', { reason: 'act-not-utf8', status: 400 }, () =>
    Uint8Array.of(0x7b, 0xff, 0x7d),
  ),
  bytes('bytes that are not JSON', { reason: 'act-not-json', status: 400 }, (text) =>
    utf8(text.slice(0, -1)),
  ),
  bytes('white space in an act', { reason: 'act-not-canonical', status: 400 }, (text) =>
    utf8(`${text}\n`),
  ),
  bytes('a byte order mark before an act', { reason: 'act-not-json', status: 400 }, (text) =>
    utf8(`\ufeff${text}`),
  ),
  bytes(
    'a key that stands there twice',
    { reason: 'act-not-canonical', status: 400 },
    replaced('"v":1}', '"v":1,"v":1}'),
  ),
  bytes('keys out of order', { reason: 'act-not-canonical', status: 400 }, (text) =>
    utf8(`{"v":1,${text.slice(1).replace(',"v":1}', '}')}`),
  ),
  bytes(
    'another spelling of a number',
    { reason: 'act-not-canonical', status: 400 },
    replaced('"v":1}', '"v":1.0}'),
  ),
  bytes('an act nested too deeply', { reason: 'act-not-canonical', status: 400 }, () =>
    utf8(`${'['.repeat(30_000)}${']'.repeat(30_000)}`),
  ),
  bytes('an act of more than 64 KiB', { reason: 'act-too-large', status: 413 }, (text) =>
    utf8(text.padEnd(ACT_BYTES_MAX + 1)),
  ),
  at(
    'the same as JSON',
    { reason: 'act-too-large', status: 413 },
    async ({ ask }) =>
      await ask(
        '/api/acts',
        json(
          JSON.stringify({ payload: base64(new Uint8Array(ACT_BYTES_MAX + 3)), signatures: [] }),
        ),
      ),
  ),
  bytes(
    'a version that is not known',
    { reason: 'act-version-unknown', status: 422 },
    replaced('"v":1}', '"v":2}'),
  ),
  bytes(
    'a type that is not known',
    { reason: 'act-type-unknown', status: 422 },
    replaced('"party.suspend"', '"party.expel"'),
  ),
  bytes(
    'a type out of the prototype',
    { reason: 'act-type-unknown', status: 422 },
    replaced('"party.suspend"', '"constructor"'),
  ),
  bytes('a session opened as an act', { reason: 'act-type-unknown', status: 422 }, (text) =>
    replaced(
      '"party.suspend"',
      '"session.open"',
    )(text.replace('{"domain":"litware.example","reason":"left"}', '{"session":"00"}')),
  ),
  bytes(
    'a member that is missing',
    { reason: 'act-body-invalid', status: 422 },
    replaced(',"reason":"left"', ''),
  ),
  bytes(
    'a member that is unknown',
    { reason: 'act-body-invalid', status: 422 },
    replaced('"reason":"left"', '"reason":"left","why":"x"'),
  ),
  bytes(
    'an author of two kinds',
    { reason: 'act-body-invalid', status: 422 },
    replaced('{"party":', '{"key":"0000000000000000000000000000000000000000","party":'),
  ),
  bytes(
    'a party named in capitals',
    { reason: 'act-body-invalid', status: 422 },
    replaced('{"party":"contoso.example"}', '{"party":"Contoso.example"}'),
  ),
  bytes(
    'a mailbox that suspends a party',
    { reason: 'act-author-kind-wrong', status: 422 },
    replaced('{"party":"contoso.example"}', `{"mailbox":"${'a'.repeat(32)}"}`),
  ),

  envelope('an act for another coalition', 'act-origin-wrong', () => ({
    origin: `other.${ORIGIN}`,
  })),
  envelope('an act that has expired', 'act-expired', (now) => ({
    now: now - 2 * DAY,
    lifetimeSeconds: DAY,
  })),
  envelope('an act that runs for more than 30 days', 'act-lifetime-invalid', () => ({
    lifetimeSeconds: 30 * DAY + 1,
  })),
  envelope('an act that ends before it begins', 'act-lifetime-invalid', () => ({
    lifetimeSeconds: -1,
  })),
  envelope('an act dated the day before yesterday', 'act-too-old', (now) => ({
    now: now - 172_801,
  })),
  envelope('an act from six minutes ahead', 'act-not-yet-valid', (now) => ({ now: now + 360 })),
  {
    reason: 'act-lifetime-invalid',
    name: 'an act that tells the hour at which a customer made it',
    status: 422,
    arrange: async (coalition) => {
      const customer = await coalition.enrol('alice')
      const payload = await coalition.compose('mailbox.close', {}, customer)
      const hourly = utf8((fromUtf8(payload) ?? '').replace('T00:00:00Z', 'T10:00:00Z'))
      return async () => await coalition.post(hourly, await coalition.sign(customer, hourly))
    },
  },
]
