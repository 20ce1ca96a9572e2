import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { tlsAuthority } from '#test/helpers/tls-authority.ts'

/** What goes wrong with a mail: put off before its data or after them, or the connection ends amid the data. */
export const FAULTS = ['greylisted', 'cut', 'put-off'] as const
/** One of `FAULTS`. */
export type Fault = (typeof FAULTS)[number]

/** What the server's process is told. */
export type Order =
  | { readonly kind: 'certificate'; readonly certificate: 'right' | 'wrong' }
  | { readonly kind: 'plan'; readonly faults: readonly (readonly [string, readonly Fault[]])[] }

/** What the server's process tells. `port` is the client's end of the connection. */
export type Report =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly to: string }
  | Offered
  | (Omit<Offered, 'kind'> & { readonly kind: 'taken'; readonly raw: string })

interface Offered {
  readonly kind: 'offered'
  readonly connection: string
  readonly port: number
  readonly to: string
}

/** A mail that the server answered with yes. */
export type Taken = Extract<Report, { readonly kind: 'taken' }>

/** A submission server in a process of its own. */
export interface PostOffice {
  readonly port: number
  /** The authority that its right certificate is of, in PEM. */
  readonly authority: string
  /** All that it told, in order. */
  readonly reports: readonly Report[]
  isUp(): boolean
  /** Hears each mail that it took, at once. */
  onTaken(hear: (mail: Taken) => void): void
  order(order: Order): void
  close(): Promise<void>
}

const TSX = pathToFileURL(resolve('node_modules/tsx/dist/esm/index.mjs')).href

/** Starts it with a certificate that nobody trusts. */
export async function openPostOffice(folder: string): Promise<PostOffice> {
  mkdirSync(folder)
  const right = tlsAuthority()
  for (const [name, { certificate, key }] of [
    ['right', right],
    ['wrong', tlsAuthority()],
  ] as const) {
    writeFileSync(join(folder, `${name}.key`), key)
    writeFileSync(join(folder, `${name}.pem`), certificate)
  }
  const child = fork(resolve('test/campaign/post-office.ts'), [folder], {
    execArgv: ['--import', TSX],
  })
  const reports: Report[] = []
  const hearers: ((mail: Taken) => void)[] = []
  const port = await new Promise<number>((listening, failed) => {
    child.once('exit', () => failed(new Error('the mail server ended')))
    child.on('message', (report: Report) => {
      reports.push(report)
      if (report.kind === 'listening') listening(report.port)
      if (report.kind === 'taken') for (const hear of hearers) hear(report)
    })
  })
  return {
    port,
    authority: right.authority,
    reports,
    isUp: () => child.exitCode === null && child.signalCode === null,
    onTaken: (hear) => {
      hearers.push(hear)
    },
    order: (order) => {
      child.send(order)
    },
    close: async () => {
      const ended = once(child, 'exit')
      child.disconnect()
      await ended
    },
  }
}
