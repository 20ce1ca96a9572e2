import { Hono } from 'hono'
import { html } from 'hono/html'
import { PROBLEM_NAMES } from '#wire/answers.ts'
import { keepFor } from '#http/headers.ts'
import { problem } from '#http/problem.ts'
import { type ProblemStatus, problemTypeOf } from '#http/problem-types.ts'

const KEEP_SECONDS = 86_400

/** `GET /problems/{reason}`: what a problem means; the `type` of every problem leads here. */
export function problemRoutes(): Hono {
  const app = new Hono()
  app.get('/problems/:reason', async (c) => {
    const name = PROBLEM_NAMES.find((known) => known === c.req.param('reason'))
    if (name === undefined) return problem(c, { reason: 'not-found' })
    const { status, title } = problemTypeOf(name)
    keepFor(c, KEEP_SECONDS)
    return await c.html(html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${name}</title></head>
<body>
<h1>${name}</h1>
<p>${title}</p>
<p>${adviceFor(status)} It is answered with status ${String(status)}.</p>
</body>
</html>
`)
  })
  return app
}

/** What may help, which follows from the status. */
function adviceFor(status: ProblemStatus): string {
  switch (status) {
    case 409:
      return 'It follows from how things stand: look again before you try again.'
    case 429:
      return 'File or let go of what is held before you send more.'
    case 500:
    case 503:
      return 'Repeating the request is safe.'
    case 400:
    case 401:
    case 403:
    case 404:
    case 405:
    case 413:
    case 422:
      return 'The same request will get the same answer; nothing was changed.'
  }
}
