import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { SMTPServer, type SMTPServerSession } from 'smtp-server'
import type { Fault, Order, Report } from './open-post-office.ts'

// Usage: node --import tsx test/campaign/post-office.ts FOLDER. A submission server in a process of its own, which misbehaves as it is told: for
// each address a list of faults, one for each time that a mail is offered to it. It serves no mail without TLS.

const LATENCY_MILLISECONDS = 15

const [folder = ''] = process.argv.slice(2)
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const certificate = (name: 'right' | 'wrong') => ({
  key: read(`${name}.key`),
  cert: read(`${name}.pem`),
})
const plan = new Map<string, Fault[]>()
let isDistrusted = false

function report(what: Report): void {
  process.send?.(what)
}

const server = new SMTPServer({
  ...certificate('wrong'),
  authOptional: true,
  logger: false,
  closeTimeout: 100,
  onMailFrom: (_, session, done) => {
    done(mailFromFault(session))
    if (isDistrusted) hangUp(session.id)
  },
  onRcptTo: ({ address }, session, done) => {
    report({ kind: 'offered', connection: session.id, port: session.remotePort, to: address })
    const fault = plan.get(address)?.[0]
    if (fault === 'greylisted') plan.get(address)?.shift()
    if (fault === 'greylisted') report({ kind: 'failed', fault, to: address })
    done(fault === 'greylisted' ? refusal('450 4.7.1 come back later') : null)
  },
  onData: (stream, session, done) => {
    // Whoever is killed amid the data hangs up.
    take(stream, session, done).catch(() => undefined)
  },
})

/** Whoever is connected sees a new certificate with the next connection: there is no next mail on this one, and the last was answered. */
function mailFromFault({ secure }: SMTPServerSession): Error | null {
  if (isDistrusted) return refusal('421 4.3.2 restarting')
  return secure ? null : refusal('530 5.7.0 TLS first')
}

async function take(
  stream: NodeJS.ReadableStream,
  session: SMTPServerSession,
  done: (error?: Error | null) => void,
): Promise<void> {
  // The session forgets its envelope before an answer that takes its time.
  const { address: to = '' } = session.envelope.rcptTo[0] ?? {}
  const fault = plan.get(to)?.shift()
  if (fault !== undefined) report({ kind: 'failed', fault, to })
  if (fault === 'cut') {
    // As soon as the first bytes are here, and long before the last.
    stream.once('data', () => hangUp(session.id))
    stream.resume()
    return
  }
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(Buffer.from(chunk))
  await sleep(LATENCY_MILLISECONDS)
  if (fault !== undefined) return done(refusal('451 4.3.0 the queue is full'))
  const raw = Buffer.concat(chunks).toString('latin1')
  report({ kind: 'taken', connection: session.id, port: session.remotePort, to, raw })
  done()
}

function hangUp(id: string): void {
  for (const connection of server.connections) if (connection.id === id) connection.close()
}

function refusal(text: string): Error {
  return Object.assign(new Error(text.slice(4)), { responseCode: Number(text.slice(0, 3)) })
}

server.on('error', () => undefined)
server.listen(0, '127.0.0.1', () => {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  report({ kind: 'listening', port: (server.server.address() as AddressInfo).port })
})
process.on('message', (order: Order) => {
  if (order.kind === 'plan') for (const [to, faults] of order.faults) plan.set(to, [...faults])
  else {
    server.updateSecureContext(certificate(order.certificate))
    isDistrusted = order.certificate === 'wrong'
  }
})
process.once('disconnect', () => process.exit(0))
