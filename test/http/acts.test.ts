import { afterAll, expect, test } from 'vitest'
import { foundCoalition } from '#test/helpers/coalition.ts'

const coalition = await foundCoalition()
const [contoso, fabrikam, litware] = coalition.companies as [any, any, any]
afterAll(async () => await coalition.close())

test('smoke', async () => {
  const d = await coalition.ask('/api/directory')
  expect(d.status).toBe(200)
  const t0 = performance.now()
  const customer = await coalition.enrol('alice')
  console.log('enrol', performance.now() - t0, customer.id)
  const token = await coalition.session(customer)
  console.log(
    await coalition
      .ask(`/api/mailboxes/${customer.id}`, { token })
      .then((r) => [r.status, r.text.slice(0, 200)]),
  )
  const s = await coalition.submit(
    'party.suspend',
    { domain: litware.domain, reason: 'left' },
    contoso,
    fabrikam,
  )
  console.log(s.status, s.text.slice(0, 300), coalition.events)
  for (const p of [
    '/',
    '/log/checkpoint',
    '/log/tile/0/000.p/2',
    '/log/tile/entries/000.p/3',
    '/keys/index.json',
    '/.well-known/security.txt',
    '/api/nothing',
    '/problems/act-expired',
    '/readyz',
    '/api/acts/00/receipt',
  ])
    console.log(
      p,
      await coalition
        .ask(p)
        .then((r) => [
          r.status,
          r.text.slice(0, 120),
          r.bytes.length,
          r.headers.get('cache-control'),
        ]),
    )
  console.log(
    await coalition
      .ask('/api/acts', { method: 'DELETE' })
      .then((r) => [r.status, r.text, Object.fromEntries(r.headers)]),
  )
})
