import { Hono } from 'hono'
import { openApiDocument } from '#wire/openapi.ts'
import { keepFor } from '#http/headers.ts'

const KEEP_SECONDS = 300

/** `GET /api/openapi.json`: this API, made out of the schemas that validate. */
export function openApiRoutes(ports: { readonly publicUrl?: string }): Hono {
  const app = new Hono()
  let text: string | undefined
  app.get('/api/openapi.json', (c) => {
    text ??= JSON.stringify(openApiDocument(ports.publicUrl))
    keepFor(c, KEEP_SECONDS)
    return c.body(text, 200, { 'Content-Type': 'application/json' })
  })
  return app
}
