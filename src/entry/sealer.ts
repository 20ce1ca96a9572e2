import { openPool, type Pool } from '#adapters/crypto/pool.ts'
import { recipientOf } from '#adapters/crypto/recipient.ts'
import {
  SEAL_JOBS,
  type Sealed,
  type SealJob,
  type SealJobs,
  type SealTask,
} from '#adapters/crypto/seal-jobs.ts'
import type { SigningSecret } from '#adapters/crypto/sign-message.ts'
import { normaliseAccount } from '#core/commitment.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import { accept, type Result } from '#core/result.ts'
import type { TemplateText } from '#core/template.ts'
import { workerProgram } from './worker-program.ts'

/** What native sealing needs. */
export interface NativeTerms {
  readonly secret: SigningSecret
  readonly texts: ReadonlyMap<string, TemplateText>
  /** POSIX seconds. */
  readonly at: number
  /** Worker threads; none for what is over before a thread has started. */
  readonly threads: number
}

type NativePart = { readonly statement: Omit<NoticeStatement, 'to'> } & (
  | { readonly account: string; readonly salt: string }
  | {
      readonly mailbox: {
        readonly id: string
        readonly certificate: Uint8Array
        readonly facts: { readonly fingerprint: string }
      }
    }
)

/** Seals by native arithmetic; `undefined` for parts whose recipients only OpenPGP.js can encrypt to. */
export interface NativeSealer {
  seal(parts: readonly NativePart[]): Promise<readonly (Result<Sealed> | undefined)[]>
  close(): Promise<void>
}

/** More than a filing ever has under way at once. */
const JOBS_MAX = 256
/** A thread keeps nothing of a job. */
const YOUNG_MEGABYTES_MAX = 6

/**
 * Opens a native sealer. The secret stays in the memory of this process and its threads.
 *
 * @throws Unavailable where a thread cannot be started; `seal` throws it where one dies.
 */
export async function openNativeSealer(terms: NativeTerms): Promise<NativeSealer> {
  const pool = terms.threads < 1 ? undefined : await openThreads(terms.threads)
  const run = pool === undefined ? sealHere : async (job: SealJob) => await pool.run('seal', job)
  return {
    seal: async (parts: readonly NativePart[]) => await sealAll(parts, terms, run),
    close: async () => {
      await pool?.close()
    },
  }
}

async function openThreads(size: number): Promise<Pool<SealJobs>> {
  // A job is a batch already.
  const program = workerProgram('seal-worker')
  return await openPool<SealJobs>({
    program,
    size,
    jobsMax: JOBS_MAX,
    batchMax: 1,
    youngMegabytesMax: YOUNG_MEGABYTES_MAX,
  })
}

async function sealHere(job: SealJob): Promise<readonly Result<Sealed>[]> {
  return await Promise.resolve(SEAL_JOBS.seal(job))
}

async function sealAll(
  parts: readonly NativePart[],
  terms: NativeTerms,
  run: (job: SealJob) => Promise<readonly Result<Sealed>[]>,
): Promise<readonly (Result<Sealed> | undefined)[]> {
  const prepared = await Promise.all(parts.map(async (part) => await prepare(part, terms.at)))
  const tasks = prepared.flatMap((one) => (one?.ok === true ? [one.value] : []))
  const { at, secret } = terms
  const texts = Object.fromEntries(
    [...terms.texts].filter(([language]) =>
      tasks.some(({ statement: { also, language: first } }) => [first, also].includes(language)),
    ),
  )
  const { algorithm, fingerprint, seed } = secret
  const job = { secret: { algorithm, fingerprint, seed }, at, texts, tasks }
  const sealed = tasks.length === 0 ? [] : await run(job)
  let next = 0
  return prepared.map((one) => (one?.ok === true ? sealed[next++] : one))
}

/** Judges whom a part is for; a refusal of the account is the part's. */
async function prepare(part: NativePart, at: number): Promise<Result<SealTask> | undefined> {
  const { statement } = part
  if ('account' in part) {
    const account = normaliseAccount(part.account)
    if (!account.ok) return account
    return accept({ statement, to: { account: account.value }, into: { salt: part.salt } })
  }
  const { certificate, facts, id } = part.mailbox
  const recipient = await recipientOf(certificate, at)
  if (recipient === undefined) return undefined
  const to = { fingerprint: facts.fingerprint, mailbox: id }
  return accept({ statement, to, into: { mailbox: id, recipient } })
}
