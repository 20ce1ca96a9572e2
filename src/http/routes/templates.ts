import { type Context, Hono } from 'hono'
import { readCanonical } from '#core/canonical-json.ts'
import type { Result } from '#core/result.ts'
import type { Events } from '#ports/events.ts'
import type { Storage } from '#ports/storage.ts'
import {
  readTemplatePart,
  type ShippedTemplates,
  TEMPLATE_BYTES_MAX,
  uploadTemplateText,
} from '#service/template.ts'
import { parseTemplateText } from '#wire/template.ts'
import { readBytes } from '#http/body.ts'
import { keepForever } from '#http/headers.ts'
import { problem, refused } from '#http/problem.ts'
import { type ReaderPorts, requestReader, requireParty } from '#http/reader.ts'

type TemplatePorts = ReaderPorts & {
  readonly events: Events
  readonly storage: Storage
  readonly templates: ShippedTemplates
}

/** `/api/templates/{sha256}`: manifests and texts, by the hash of their canonical JSON. */
export function templateRoutes(ports: TemplatePorts): Hono {
  const app = new Hono()

  app.put('/api/templates/:sha256{[0-9a-f]{64}}', async (c) => {
    const party = await requireParty(ports, c)
    if (!party.ok) return refused(c, ports.events, party.refusal)
    const sha256 = c.req.param('sha256')
    const kept = await keepText(ports, c, { party: party.value, sha256 })
    return kept.ok ? c.json({ sha256 }, 201) : refused(c, ports.events, kept.refusal)
  })

  app.get('/api/templates/:sha256{[0-9a-f]{64}}', async (c) => {
    const reader = await requestReader(ports, c)
    if (!reader.ok) return problem(c, reader.refusal)
    const part = await readTemplatePart(ports, reader.value, c.req.param('sha256'))
    if (!part.ok) return problem(c, part.refusal)
    if (reader.value.kind === 'public') keepForever(c)
    return c.body(Uint8Array.from(part.value), 200, { 'Content-Type': 'application/json' })
  })

  return app
}

async function keepText(
  ports: TemplatePorts,
  c: Context,
  named: { readonly party: string; readonly sha256: string },
): Promise<Result<void>> {
  const bytes = await readBytes(c, TEMPLATE_BYTES_MAX)
  if (!bytes.ok) return bytes
  const json = readCanonical(bytes.value)
  if (!json.ok) return json
  const text = parseTemplateText(json.value)
  if (!text.ok) return text
  return await uploadTemplateText(ports, { ...named, json: text.value })
}
