import { hash } from 'node:crypto'
import { formatLine } from '#core/bundle.ts'
import { composeEntity } from '#core/entity.ts'
import type { NoticeRecipient, NoticeStatement } from '#core/notice-statement.ts'
import { type NoticeTexts, noticeTexts } from '#core/notice-text.ts'
import { accept, type Result } from '#core/result.ts'
import type { TemplateText } from '#core/template.ts'
import { encryptMessage } from './encrypt-message.ts'
import type { Recipient } from './recipient.ts'
import {
  type MessageSigner,
  openMessageSigner,
  signMessage,
  type SigningSecret,
} from './sign-message.ts'

/** A part of a notice, whose recipient was judged before. */
export interface SealTask {
  readonly statement: Omit<NoticeStatement, 'to'>
  readonly to: NoticeRecipient
  /** Where it is encrypted: to this key. Elsewhere: the salt of the commitment to it, 64 hex digits. */
  readonly into: { readonly mailbox: string; readonly recipient: Recipient } | { salt: string }
}

/** Some parts of one notice. */
export interface SealJob {
  readonly secret: SigningSecret
  /** POSIX seconds. */
  readonly at: number
  /** By language, as far as the parts need them. */
  readonly texts: Readonly<Record<string, TemplateText>>
  readonly tasks: readonly SealTask[]
}

/** A line of the bundle; for an account with the signed notice that it commits to, in base64. */
export interface Sealed {
  readonly line: string
  readonly signed?: string
}

/** What the worker threads of a filing company do. */
export const SEAL_JOBS = {
  /** Composes, signs and encrypts parts, in their order. Refuses of each what `composeEntity` refuses, and `language-missing`. */
  seal: ({ at, secret, tasks, texts }: SealJob): readonly Result<Sealed>[] => {
    const signer = signerFor(secret)
    return tasks.map((task) => {
      const words = noticeTexts(task.statement, (language) => texts[language])
      return words.ok ? sealTask(task, { at, signer, words: words.value }) : words
    })
  },
}

/** The table of a filing company's jobs. */
export type SealJobs = typeof SEAL_JOBS

let last: { readonly fingerprint: string; readonly signer: MessageSigner } | undefined

/** A filing has one key: it is made ready once. */
function signerFor(secret: SigningSecret): MessageSigner {
  const fingerprint = Buffer.from(secret.fingerprint).toString('hex')
  if (last?.fingerprint !== fingerprint) last = { fingerprint, signer: openMessageSigner(secret) }
  return last.signer
}

function sealTask(
  { into, statement, to }: SealTask,
  means: {
    readonly at: number
    readonly signer: MessageSigner
    readonly words: NoticeTexts
  },
): Result<Sealed> {
  const entity = composeEntity({ ...statement, to }, means.words)
  if (!entity.ok) return entity
  const signed = signMessage(means.signer, entity.value, means.at)
  if ('salt' in into) {
    // As `lineCommitment` of core, at the speed of OpenSSL.
    const commitment = hash('sha256', Buffer.concat([Buffer.from(into.salt, 'hex'), signed]))
    const line = formatLine({ kind: 'commitment', commitment }, '')
    return accept({ line, signed: signed.toString('base64') })
  }
  const message = encryptMessage(into.recipient, signed)
  const { mailbox } = into
  const line = formatLine({ kind: 'mailbox', mailbox, message }, message.toString('base64'))
  return accept({ line })
}
