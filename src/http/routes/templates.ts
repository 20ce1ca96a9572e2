import { Hono } from 'hono'
import type { Storage } from '#ports/storage.ts'
import { readTemplatePart, type ShippedTemplates } from '#service/read-template.ts'
import { keepForever } from '#http/headers.ts'
import { problem } from '#http/problem.ts'

/** `GET /api/templates/{sha256}`: manifests and texts, by the hash of their canonical JSON. */
export function templateRoutes(ports: {
  readonly storage: Storage
  readonly templates: ShippedTemplates
}): Hono {
  const app = new Hono()
  app.get('/api/templates/:sha256{[0-9a-f]{64}}', async (c) => {
    const part = await readTemplatePart(ports, c.req.param('sha256'))
    if (!part.ok) return problem(c, part.refusal)
    keepForever(c)
    return c.body(Uint8Array.from(part.value), 200, { 'Content-Type': 'application/json' })
  })
  return app
}
