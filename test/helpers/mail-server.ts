import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { type TlsAuthority, tlsAuthority } from './tls-authority.ts'

/** A mail that a server took, or dropped. */
export interface TakenMail {
  readonly from: string
  readonly to: readonly string[]
  readonly raw: string
}

/** What a server does with a mail, decided when it has the envelope and when it has the data. */
export interface Conduct {
  /** An answer to RCPT TO in the place of yes: `450 4.7.1 come back`. */
  readonly recipient?: (to: string) => string | undefined
  /** An answer to the data; `cut-before` and `cut-after` end the connection without one, before the data are all there or after. */
  readonly data?: (mail: TakenMail) => string | undefined
  readonly sender?: () => string | undefined
}

/** A real SMTP server that can be told to misbehave. */
export interface MailServer {
  readonly port: number
  readonly tls: TlsAuthority
  /** What it answered with yes, in order. */
  readonly taken: TakenMail[]
  /** How many connections there were. */
  connections: number
  /** From now on. */
  behave(conduct: Conduct): void
  close(): Promise<void>
}

const USER = 'relay'
const PASSWORD = 'correct horse'

/** The login that a server takes. */
export const LOGIN = { user: USER, password: () => PASSWORD }

let shared: TlsAuthority | undefined

/** What a running server knows. */
interface State {
  conduct: Conduct
  connections: number
  readonly taken: TakenMail[]
}

/** Starts a server on the loopback interface. */
export async function mailServer(
  options: {
    readonly tls?: 'implicit' | 'none' | 'starttls'
    readonly authority?: TlsAuthority
    readonly port?: number
    readonly conduct?: Conduct
  } = {},
): Promise<MailServer> {
  shared ??= tlsAuthority()
  const authority = options.authority ?? shared
  const state: State = { conduct: options.conduct ?? {}, connections: 0, taken: [] }
  const server = new SMTPServer({
    secure: options.tls === 'implicit',
    key: authority.key,
    cert: authority.certificate,
    disabledCommands: options.tls === 'none' ? ['STARTTLS'] : [],
    allowInsecureAuth: options.tls === 'none',
    authOptional: true,
    logger: false,
    closeTimeout: 100,
    onConnect: (_, done) => {
      state.connections++
      done()
    },
    onAuth: ({ password, username }, _, done) => {
      if (username === USER && password === PASSWORD) done(null, { user: USER })
      else done(Object.assign(new Error('no'), { responseCode: 535 }))
    },
    onMailFrom: (_, __, done) => done(answer(state.conduct.sender?.())),
    onRcptTo: ({ address }, _, done) => done(answer(state.conduct.recipient?.(address))),
    onData: (stream, session, done) => {
      // The session forgets its envelope before an answer that takes its time.
      const { mailFrom, rcptTo } = session.envelope
      const from = mailFrom === false ? '' : mailFrom.address
      take(state, stream, {
        envelope: { from, to: rcptTo.map(({ address }) => address) },
        cut: () => cutAll(server),
        done,
      })
    },
  })
  server.on('error', () => undefined)
  server.listen(options.port ?? 0, '127.0.0.1')
  await once(server.server, 'listening')
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it listens on a port
  const { port } = server.server.address() as AddressInfo
  return {
    port,
    tls: authority,
    taken: state.taken,
    get connections() {
      return state.connections
    },
    behave: (conduct) => {
      state.conduct = conduct
    },
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
      })
    },
  }
}

function answer(text: string | undefined): Error | null {
  return text === undefined
    ? null
    : Object.assign(new Error(text.slice(4)), { responseCode: Number(text.slice(0, 3)) })
}

function cutAll(server: SMTPServer): void {
  for (const connection of server.connections) connection.close()
}

function take(
  state: State,
  stream: NodeJS.ReadableStream,
  mail: {
    readonly envelope: Omit<TakenMail, 'raw'>
    readonly cut: () => void
    readonly done: (error: Error | null) => void
  },
): void {
  const { cut, done, envelope } = mail
  if (state.conduct.data?.({ ...envelope, raw: '' }) === 'cut-before') {
    stream.resume()
    cut()
    return
  }
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => {
    const whole = { ...envelope, raw: Buffer.concat(chunks).toString('latin1') }
    const said = state.conduct.data?.(whole)
    if (said === 'cut-after') return cut()
    if (said === undefined) state.taken.push(whole)
    done(answer(said))
  })
}
