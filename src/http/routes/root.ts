import { Hono } from 'hono'
import { html } from 'hono/html'
import { keepFor } from '#http/headers.ts'

const KEEP_SECONDS = 300

/** `GET /`: one page that says what this is and where the API is. */
export function rootRoutes({ origin }: { readonly origin: string }): Hono {
  const app = new Hono()
  app.get('/', async (c) => {
    keepFor(c, KEEP_SECONDS)
    return await c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Dunant at ${origin}</title></head>
<body>
<h1>Dunant at ${origin}</h1>
<p>Here companies notify, together and provably, the customers whom states attack.</p>
<p>Everything that changes is a signed act, and every act stands in a public log. This server cannot read what it holds, and nobody
has to trust it: what it says can be checked.</p>
<ul>
<li><a href="/api/openapi.json">The API</a> (OpenAPI 3.1)</li>
<li><a href="/api/directory">The governance chain</a>: who belongs to this coalition, and who decided so</li>
<li><a href="/keys/index.json">The certificates</a> of its members</li>
<li><a href="/log/checkpoint">The newest checkpoint</a> of its log</li>
</ul>
</body>
</html>
`)
  })
  return app
}
