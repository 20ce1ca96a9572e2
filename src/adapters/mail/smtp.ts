import { isIP } from 'node:net'
import SMTPConnection from 'nodemailer/lib/smtp-connection'
import type { Mailer, MailOutcome, OutgoingMail } from '#ports/mailer.ts'
import { outcomeOf, type SmtpFailure, troubleOf } from './smtp-outcome.ts'

/** The member's submission server. There is no setting for a connection without verified TLS. */
export interface SmtpOptions {
  readonly host: string
  readonly port: number
  /** From the first byte on, or by STARTTLS, without which nothing is sent. */
  readonly tls: 'implicit' | 'starttls'
  /** Certificates, in PEM, that are trusted in the place of the system's. */
  readonly authorities?: string | undefined
  /** Left out where the server knows us by our network. */
  readonly login?: { readonly user: string; readonly password: () => string } | undefined
  /** What we call ourselves in EHLO. */
  readonly name: string
  readonly connectionsMax?: number
  readonly secondsMax?: Partial<Patience>
}

/** Seconds after which we stop waiting. */
interface Patience {
  readonly connect: number
  /** Without a byte. */
  readonly silence: number
  /** For all of one mail. */
  readonly mail: number
}

const PATIENCE: Patience = { connect: 30, silence: 60, mail: 300 }
const CONNECTIONS = 4
/** Servers close connections that bring too much. */
const MAILS_PER_CONNECTION = 100
const RESPONSE_BYTES_MAX = 16 * 1024
/** Larger than any mail of ours. */
const MAIL_BYTES_MAX = 1024 * 1024
const IDLE_MILLISECONDS = 10_000
const RESET_SECONDS = 10
/** The server ends the connection (RFC 5321 section 3.8). */
const CLOSING = 421

interface Line {
  readonly connection: SMTPConnection
  readonly sent: number
}

type Attempt<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: SmtpFailure }

/** Opens a pool of connections to a submission server. Nothing is connected before the first mail. */
export function openSmtp(options: SmtpOptions): Mailer {
  const atOnce = options.connectionsMax ?? CONNECTIONS
  const patience = { ...PATIENCE, ...options.secondsMax }
  const pool = openPool()
  const inTurn = turns(atOnce)

  const send = async (mail: OutgoingMail): Promise<MailOutcome> => {
    const known = pool.reuse()
    const line = known === undefined ? await connect(options, patience, pool.open) : accepted(known)
    if (!line.ok) return { kind: 'trouble', trouble: troubleOf(line.failure) }
    const { connection, sent } = line.value
    if (!(await mail.isWanted())) {
      pool.keep(line.value)
      return { kind: 'withdrawn' }
    }
    const given = await within(patience.mail, connection, give(connection, mail))
    if (given.ok) {
      pool.keep({ connection, sent: sent + 1 })
      return { kind: 'accepted' }
    }
    const { responseCode = 0 } = given.failure
    if (responseCode !== 0 && responseCode !== CLOSING && (await isReset(connection)))
      pool.keep({ connection, sent: sent + 1 })
    else pool.drop(connection)
    return outcomeOf(given.failure)
  }
  return {
    atOnce,
    send: async (mail) => {
      if (mail.message.length > MAIL_BYTES_MAX)
        return { kind: 'refused', reason: 'message', isAddressBad: false }
      return await inTurn(async () => await send(mail))
    },
    close: async () => {
      pool.close()
      await Promise.resolve()
    },
  }
}

/** Connections that are open, and those of them that wait for a mail. */
function openPool() {
  const idle: { readonly line: Line; readonly timer: NodeJS.Timeout }[] = []
  const open = new Set<SMTPConnection>()
  const drop = (connection: SMTPConnection): void => {
    open.delete(connection)
    connection.close()
  }
  return {
    open,
    drop,
    keep: (line: Line): void => {
      if (line.sent >= MAILS_PER_CONNECTION) {
        open.delete(line.connection)
        line.connection.quit()
        return
      }
      const timer = setTimeout(() => {
        idle.splice(
          idle.findIndex((one) => one.line === line),
          1,
        )
        drop(line.connection)
      }, IDLE_MILLISECONDS)
      idle.push({ line, timer })
    },
    reuse: (): Line | undefined => {
      for (let one = idle.pop(); one !== undefined; one = idle.pop()) {
        clearTimeout(one.timer)
        if (!one.line.connection.destroyed && open.has(one.line.connection)) return one.line
      }
      return undefined
    },
    close: (): void => {
      for (const { timer } of idle.splice(0)) clearTimeout(timer)
      for (const connection of open) drop(connection)
    },
  }
}

/** Runs so many things at once; the others wait, each for its turn. */
function turns(atOnce: number): <T>(run: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let free = atOnce
  return async (run) => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await run()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

async function connect(
  options: SmtpOptions,
  patience: Patience,
  open: Set<SMTPConnection>,
): Promise<Attempt<Line>> {
  const { authorities, host, login, name, port } = options
  const connection = new SMTPConnection({
    host,
    port,
    name,
    secure: options.tls === 'implicit',
    requireTLS: options.tls === 'starttls',
    connectionTimeout: patience.connect * 1000,
    greetingTimeout: patience.connect * 1000,
    dnsTimeout: patience.connect * 1000,
    socketTimeout: patience.silence * 1000,
    maxResponseSize: RESPONSE_BYTES_MAX,
    allowInternalNetworkInterfaces: true,
    // Said in so many words, because an environment variable of Node would change what is left unsaid.
    tls: {
      rejectUnauthorized: true,
      minVersion: 'TLSv1.2',
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(authorities === undefined ? {} : { ca: authorities }),
    },
  })
  open.add(connection)
  connection.on('end', () => open.delete(connection))
  // What breaks between two steps is heard by the next.
  connection.on('error', () => open.delete(connection))
  const connected = await within(
    patience.connect * 2,
    connection,
    attempt<void>(connection, (done) => {
      connection.connect((error) => done(error ?? null))
    }),
  )
  if (!connected.ok) return abandoned(connection, open, connected)
  if (login === undefined) return accepted({ connection, sent: 0 })
  const credentials = { user: login.user, pass: login.password() }
  const known = await within(
    patience.connect,
    connection,
    attempt<void>(connection, (done) => {
      connection.login({ ...credentials, credentials }, (error) => done(error))
    }),
  )
  return known.ok ? accepted({ connection, sent: 0 }) : abandoned(connection, open, known)
}

function abandoned<T>(
  connection: SMTPConnection,
  open: Set<SMTPConnection>,
  attempted: Attempt<T>,
): Attempt<Line> {
  open.delete(connection)
  connection.close()
  return attempted.ok ? { ok: false, failure: {} } : attempted
}

/** Reports come only of failure, and quote no more than headers (RFC 3461). */
async function give(connection: SMTPConnection, mail: OutgoingMail): Promise<Attempt<void>> {
  const { message, returnPath, to } = mail
  const envelope = {
    from: returnPath,
    to: [to],
    size: message.length,
    dsn: { ret: 'HDRS', notify: ['FAILURE'] },
  }
  return await attempt<void>(connection, (done) => {
    connection.send(envelope, Buffer.from(message), (error) => done(error))
  })
}

/** Ends a transaction that was refused, so that the next can begin. */
async function isReset(connection: SMTPConnection): Promise<boolean> {
  const reset = await within(
    RESET_SECONDS,
    connection,
    attempt<void>(connection, (done) => {
      connection.reset((error) => done(error))
    }),
  )
  return reset.ok
}

/** A step of a connection ends by its callback, or by the end of the connection. */
async function attempt<T>(
  connection: SMTPConnection,
  start: (done: (failure: SmtpFailure | null) => void) => void,
): Promise<Attempt<T | undefined>> {
  return await new Promise((resolve) => {
    const fail = (failure: SmtpFailure): void => finish({ ok: false, failure })
    const end = (): void => finish({ ok: false, failure: { code: 'ECONNECTION' } })
    const finish = (outcome: Attempt<T | undefined>): void => {
      connection.off('error', fail)
      connection.off('end', end)
      resolve(outcome)
    }
    connection.once('error', fail)
    connection.once('end', end)
    start((failure) => {
      if (failure === null) finish({ ok: true, value: undefined })
      else fail(failure)
    })
  })
}

async function within<T>(
  seconds: number,
  connection: SMTPConnection,
  running: Promise<Attempt<T>>,
): Promise<Attempt<T>> {
  const timer = setTimeout(() => connection.close(), seconds * 1000)
  try {
    return await running
  } finally {
    clearTimeout(timer)
  }
}

function accepted<T>(value: T): Attempt<T> {
  return { ok: true, value }
}
