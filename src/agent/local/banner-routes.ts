import { Hono } from 'hono'
import type { Banners, BannerSession } from '#agent/banner.ts'
import { BannerReportSchema, readLocal } from '#wire/agent.ts'
import { paddedHtml, paddedJson, problem } from './answers.ts'
import { type Gate, jsonOf } from './gate.ts'
import { bannerHtml } from './banner-html.ts'

/** Every answer about an account is that long, or the next multiple: the largest notice has 64 KiB. */
const BANNER_BYTES = 128 * 1024
/** A signed notice, its path, and a receipt with the whole chain of a coalition. */
const PROOF_BYTES = 1024 * 1024
const SESSION_CHARACTERS_MAX = 256

/** What the company's product shows, and what it tells of it. */
export function bannerRoutes(banners: Banners, gate: Gate): Hono {
  const app = new Hono()
  app.get('/notice/:account', async (c) => {
    const entered = await gate.enter(c, 'banner')
    if (!entered.ok) return problem(c, entered.reason, entered.detail)
    const session = sessionOf(c.req.query('session'), c.req.query('authenticated_at'))
    if (session === undefined)
      return problem(c, 'request-malformed', 'session and authenticated_at are needed')
    const notice = await banners.show(c.req.param('account'), session)
    const wantsHtml = c.req.header('accept')?.includes('text/html') === true
    return wantsHtml
      ? c.body(paddedHtml(bannerHtml(notice), BANNER_BYTES), 200, {
          'content-type': 'text/html; charset=utf-8',
        })
      : c.body(paddedJson({ notice }, BANNER_BYTES), 200, { 'content-type': 'application/json' })
  })
  app.get('/proof/:account', async (c) => {
    const entered = await gate.enter(c, 'banner')
    if (!entered.ok) return problem(c, entered.reason, entered.detail)
    const proof = await banners.prove(c.req.param('account'))
    return c.body(paddedJson({ proof }, PROOF_BYTES), 200, { 'content-type': 'application/json' })
  })
  app.post('/notice/:account', async (c) => {
    const entered = await gate.enter(c, 'banner')
    if (!entered.ok) return problem(c, entered.reason, entered.detail)
    const json = jsonOf(entered.value.body)
    const report = json.ok ? readLocal(BannerReportSchema, json.value) : undefined
    if (report === undefined) return problem(c, 'request-malformed')
    await banners.report(c.req.param('account'), report)
    return c.json({ noted: true })
  })
  return app
}

function sessionOf(
  session: string | undefined,
  authenticated: string | undefined,
): BannerSession | undefined {
  if (session === undefined || session === '' || session.length > SESSION_CHARACTERS_MAX)
    return undefined
  return authenticated !== undefined && /^\d{1,12}$/.test(authenticated)
    ? { session, authenticatedAt: Number(authenticated) }
    : undefined
}
