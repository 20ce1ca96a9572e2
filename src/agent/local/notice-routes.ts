import { type Context, Hono } from 'hono'
import { fromUtf8 } from '#core/bytes.ts'
import type { Json } from '#core/canonical-json.ts'
import { parseInstant } from '#core/time.ts'
import {
  AGENT_NAME,
  EVENT_ID,
  HoldSchema,
  LocalEventSchema,
  NamedEventSchema,
  NoticeDraftSchema,
  PublishedCodeSchema,
  readLocal,
  type TakenEvent,
} from '#wire/agent.ts'
import { type Agent, type Denied, deny } from '#agent/agent.ts'
import { draftNotice, orderFiling } from '#agent/draft-notice.ts'
import { markPublished } from '#agent/mark-published.ts'
import { previewEvent } from '#agent/preview-event.ts'
import { stopBatch } from '#agent/release-notice.ts'
import { eventStanding, standingOf } from '#agent/standing.ts'
import { takeEvent } from '#agent/take-event.ts'
import { problem } from './answers.ts'
import { type Gate, jsonOf } from './gate.ts'

/** Events in one request. */
const EVENTS_MAX = 500
/** Events that are taken at once: they share commits. */
const AT_ONCE = 50

/** What the company's systems report, and what its people give out to be filed. */
export function noticeRoutes(agent: Agent, gate: Gate): Hono {
  const app = new Hono()
  eventRoutes(app, agent, gate)
  draftRoutes(app, agent, gate)
  releasedRoutes(app, agent, gate)
  holdRoutes(app, agent, gate)
  return app
}

function eventRoutes(app: Hono, agent: Agent, gate: Gate): void {
  app.put('/events/:id', async (c) => {
    const entered = await gate.enter(c, 'events')
    if (!entered.ok) return refused(c, agent, entered)
    const id = c.req.param('id')
    const json = jsonOf(entered.value.body)
    if (!json.ok) return refused(c, agent, json)
    const event = EVENT_ID.test(id) ? readLocal(LocalEventSchema, json.value) : undefined
    if (event === undefined) return refused(c, agent, deny('request-malformed'))
    const taken = await takeEvent(agent, id, event)
    if (!taken.ok) return refused(c, agent, taken)
    return c.json({ event_id: id }, taken.value.isNew ? 201 : 200)
  })
  app.post('/events', async (c) => {
    const entered = await gate.enter(c, 'events')
    if (!entered.ok) return refused(c, agent, entered)
    const lines = (fromUtf8(entered.value.body ?? new Uint8Array()) ?? '').split('\n')
    const given = lines.filter((line) => line !== '')
    if (given.length === 0 || given.length > EVENTS_MAX)
      return refused(c, agent, deny('request-malformed', `1 to ${String(EVENTS_MAX)} lines`))
    const taken: TakenEvent[] = []
    for (let at = 0; at < given.length; at += AT_ONCE) {
      const part = given.slice(at, at + AT_ONCE)
      taken.push(...(await Promise.all(part.map(async (line) => await takeLine(agent, line)))))
    }
    return c.json({ events: taken })
  })
  app.get('/events/:id', async (c) => {
    const entered = await gate.enter(c, 'events')
    if (!entered.ok) return refused(c, agent, entered)
    const standing = await eventStanding(agent, c.req.param('id'))
    return standing.ok ? c.json(standing.value) : refused(c, agent, standing)
  })
}

async function takeLine(agent: Agent, line: string): Promise<TakenEvent> {
  const json = parsed(line)
  const named = json === undefined ? undefined : readLocal(NamedEventSchema, json)
  if (named === undefined) {
    const id =
      typeof json === 'object' && json !== null && 'event_id' in json ? json['event_id'] : ''
    const eventId = typeof id === 'string' && EVENT_ID.test(id) ? id : ''
    return { event_id: eventId, taken: false, reason: 'request-malformed' }
  }
  const { event_id: eventId, ...event } = named
  const taken = await takeEvent(agent, eventId, event)
  if (taken.ok) return { event_id: eventId, taken: true }
  const { detail, reason } = taken
  return {
    event_id: eventId,
    taken: false,
    reason,
    ...(detail === undefined ? {} : { detail }),
  }
}

function draftRoutes(app: Hono, agent: Agent, gate: Gate): void {
  app.put('/notices/:name', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    const name = c.req.param('name')
    const json = jsonOf(entered.value.body)
    if (!json.ok) return refused(c, agent, json)
    const draft = AGENT_NAME.test(name) ? readLocal(NoticeDraftSchema, json.value) : undefined
    if (draft === undefined) return refused(c, agent, deny('request-malformed'))
    const drafted = await draftNotice(agent, name, draft)
    return drafted.ok
      ? c.json({ name, phase: drafted.value.phase }, drafted.value.version === 1 ? 201 : 200)
      : refused(c, agent, drafted)
  })
  app.get('/notices/:name', async (c) => {
    const entered = await gate.enter(c, 'read')
    if (!entered.ok) return refused(c, agent, entered)
    const standing = await standingOf(agent, c.req.param('name'))
    return standing.ok ? c.json(standing.value) : refused(c, agent, standing)
  })
  app.post('/notices/:name/preview/:event', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    const shown = await previewEvent(agent, c.req.param('name'), c.req.param('event'))
    return shown.ok ? c.json(shown.value) : refused(c, agent, shown)
  })
  app.post('/notices/:name/file', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    const ordered = await orderFiling(agent, c.req.param('name'))
    return ordered.ok
      ? c.json({ name: ordered.value.name, phase: ordered.value.phase }, 202)
      : refused(c, agent, ordered)
  })
}

/** What is changed of a notice that its recipients are shown. */
function releasedRoutes(app: Hono, agent: Agent, gate: Gate): void {
  app.post('/notices/:name/published', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    const notice = c.req.param('name')
    const json = jsonOf(entered.value.body)
    if (!json.ok) return refused(c, agent, json)
    const code = readLocal(PublishedCodeSchema, json.value)
    if (code === undefined) return refused(c, agent, deny('request-malformed'))
    const marked = await markPublished(agent, { ...code, notice })
    return marked.ok ? c.json({ name: notice, since: marked.value }) : refused(c, agent, marked)
  })
  for (const [verb, stopped] of [
    ['stop', true],
    ['go', false],
  ] as const) {
    app.post(`/notices/:name/batches/:number/${verb}`, async (c) => {
      const entered = await gate.enter(c, 'notices')
      if (!entered.ok) return refused(c, agent, entered)
      const name = c.req.param('name')
      const number = Number(c.req.param('number'))
      const isThere = await stopBatch(agent, name, { number, stopped })
      return isThere ? c.json({ name, number, stopped }) : refused(c, agent, deny('not-found'))
    })
  }
}

function holdRoutes(app: Hono, agent: Agent, gate: Gate): void {
  app.put('/holds/:matter', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    const matter = c.req.param('matter')
    const json = jsonOf(entered.value.body)
    if (!json.ok) return refused(c, agent, json)
    const hold = AGENT_NAME.test(matter) ? readLocal(HoldSchema, json.value) : undefined
    const until = hold === undefined ? undefined : parseInstant(hold.until)
    if (hold === undefined || until === undefined)
      return refused(c, agent, deny('request-malformed'))
    await agent.store.putHold({ matter, reason: hold.reason, until })
    return c.json({ matter, ...hold })
  })
  app.delete('/holds/:matter', async (c) => {
    const entered = await gate.enter(c, 'notices')
    if (!entered.ok) return refused(c, agent, entered)
    await agent.store.dropHold(c.req.param('matter'))
    return c.json({ matter: c.req.param('matter') })
  })
}

function refused(c: Context, agent: Agent, denied: Denied): Response {
  agent.events.localRefused({ reason: denied.reason })
  return problem(c, denied.reason, denied.detail)
}

function parsed(line: string): Json | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- JSON.parse yields exactly Json
    return JSON.parse(line) as Json
  } catch {
    return undefined
  }
}
