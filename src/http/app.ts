import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { matchedRoutes } from 'hono/route'
import type { Events } from '#ports/events.ts'
import type { LogSigner } from '#ports/log-signer.ts'
import type { Metrics } from '#ports/metrics.ts'
import { WritesStopped, Unavailable } from '#ports/storage.ts'
import type { AnswerActPorts } from '#service/answer-act.ts'
import type { BriefPorts } from '#service/brief.ts'
import type { ChallengePorts } from '#service/issue-challenge.ts'
import type { ReadBundlePorts } from '#service/read-bundle.ts'
import type { ReadMailboxPorts } from '#service/read-mailbox.ts'
import type { ShippedTemplates } from '#service/template.ts'
import type { UploadPorts } from '#service/upload-bundle.ts'
import { type Admission, type Owner, ownerOfReader } from './admission.ts'
import { BodyCut } from './arrivals.ts'
import { answerHeaders } from './headers.ts'
import { measure } from './measure.ts'
import { overloaded, plainProblem, problem, stopped } from './problem.ts'
import { requestReader } from './reader.ts'
import { actRoutes } from './routes/acts.ts'
import { briefRoutes } from './routes/briefs.ts'
import { bundleRoutes } from './routes/bundles.ts'
import { checkRoutes } from './routes/checks.ts'
import { challengeRoutes } from './routes/challenges.ts'
import { directoryRoutes } from './routes/directory.ts'
import { fakeRoutes } from './routes/fakes.ts'
import { healthRoutes } from './routes/health.ts'
import { keyRoutes } from './routes/keys.ts'
import { limitRoutes } from './routes/limits.ts'
import { logRoutes } from './routes/log.ts'
import { mailboxRoutes } from './routes/mailboxes.ts'
import { openApiRoutes } from './routes/openapi.ts'
import { problemRoutes } from './routes/problems.ts'
import { rootRoutes } from './routes/root.ts'
import { sessionRoutes } from './routes/sessions.ts'
import { templateRoutes } from './routes/templates.ts'

/** Everything that answering requests needs: the ports of the services, and how the server is known to the world. */
export type HttpPorts = AnswerActPorts &
  BriefPorts &
  ChallengePorts &
  ReadBundlePorts &
  ReadMailboxPorts &
  UploadPorts & {
    readonly admission: Admission
    readonly templates: ShippedTemplates
    /** Where the server is reached, such as `https://coalition.example`. */
    readonly publicUrl?: string
    /** A URI for reports of weaknesses; `mailto:security@` the origin where it is left out. */
    readonly securityContact?: string
    /** Counts what is answered; nothing is counted where it is left out. */
    readonly metrics?: Metrics
    /** The signer that `/readyz` asks; where it is left out, only what it has signed counts. */
    readonly signer?: Pick<LogSigner, 'state'>
    /** Whether the process was told to end: every answer is then the last of its connection. */
    readonly isDraining?: () => boolean
  }

const ROUTES: readonly ((ports: HttpPorts) => Hono)[] = [
  rootRoutes,
  actRoutes,
  directoryRoutes,
  bundleRoutes,
  mailboxRoutes,
  briefRoutes,
  templateRoutes,
  challengeRoutes,
  checkRoutes,
  fakeRoutes,
  sessionRoutes,
  logRoutes,
  keyRoutes,
  limitRoutes,
  openApiRoutes,
  problemRoutes,
  healthRoutes,
]

/** Makes the HTTP API over some ports. Whatever comes in, an answer goes out, and it is a problem where it is not the thing asked for. */
export function createApp(ports: HttpPorts): Hono {
  const app = new Hono()
  if (ports.metrics !== undefined) app.use(measure(ports.metrics))
  app.use(answerHeaders(ports.publicUrl))
  app.use(endConnections(ports.isDraining))
  app.use(ports.admission.guard(async (c) => await sessionOwner(ports, c)))
  app.use(methodNotAllowed({ app, onMethodNotAllowed: wrongMethod }))
  for (const routes of ROUTES) app.route('/', routes(ports))
  app.notFound((c) => problem(c, { reason: 'not-found' }))
  app.onError((error, c) => failure(ports.events, error, c))
  return app
}

/** Whose session a request shows; `undefined` where it shows none that is valid. */
async function sessionOwner(ports: HttpPorts, c: Context): Promise<Owner | undefined> {
  const reader = await requestReader(ports, c)
  return reader.ok ? ownerOfReader(reader.value) : undefined
}

/** A client that keeps its connection would hold up the end of the process. */
function endConnections(isDraining: (() => boolean) | undefined): MiddlewareHandler {
  return async (c, next) => {
    await next()
    if (isDraining?.() === true) c.res.headers.set('Connection', 'close')
  }
}

function wrongMethod(c: Context, methods: readonly string[]): Response {
  c.header('Allow', methods.join(', '))
  return plainProblem(c, 'method-not-allowed')
}

/** An outage may be tried again; a fault of ours says nothing outside, and of itself only its kind and place inside. */
function failure(events: Events, error: Error, c: Context): Response {
  if (error instanceof BodyCut) {
    // What has not arrived of it would be taken for the next request.
    c.header('Connection', 'close')
    return overloaded(c)
  }
  const operation = `${c.req.method} ${matchedRoutes(c).at(-1)?.path ?? ''}`
  if (error instanceof WritesStopped) {
    events.unavailable({ operation, code: error.reason })
    return stopped(c, error.message)
  }
  if (error instanceof Unavailable) {
    events.unavailable({ operation, code: codeOf(error.cause) })
    return plainProblem(c, 'unavailable')
  }
  // A message may quote what was sent; the names of our functions do not.
  const place =
    error.stack
      ?.replace(error.message, '')
      .split('\n')
      .find((line) => line.startsWith('    at '))
      ?.trim() ?? ''
  events.failed({ operation, error: `${error.name} ${place}` })
  return plainProblem(c, 'internal-error')
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : ''
}
