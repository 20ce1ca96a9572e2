import type { NoticeStatement } from '#core/notice-statement.ts'
import { noticeTexts } from '#core/notice-text.ts'
import { accept, type Result } from '#core/result.ts'
import type { TemplateText } from '#core/template.ts'
import { base64, fromHex } from '#core/bytes.ts'
import { composeEnvelope, composeProductLine } from './envelope.ts'
import type { VerifiedMailbox } from './mailbox.ts'
import type { UnlockedKey } from './openpgp.ts'

/** One part of a notice that is to be made: for an account in the company's product, or for a mailbox. */
export type Part = {
  /** Everything but whom it is for. */
  readonly statement: Omit<NoticeStatement, 'to'>
} & (
  | {
      readonly account: string
      /** 64 hex digits. */
      readonly salt: string
    }
  | { readonly mailbox: VerifiedMailbox }
)

/** A part that was made. */
export interface SealedPart {
  /** Of the bundle, without its line feed. */
  readonly line: string
  /** For an account: the signed notice, which the line commits to, in base64 as its file has it. */
  readonly signed?: string
}

/** What is the same for every part. */
export interface SealingTerms {
  readonly reporterKey: UnlockedKey
  /** The words of the adopted template, by language. */
  readonly texts: ReadonlyMap<string, TemplateText>
  /** When signatures say they were made, and when certificates must be good: POSIX seconds. */
  readonly at: number
}

/** Composes, signs and, for mailboxes, encrypts the parts of one notice. */
export interface Sealer {
  /**
   * Makes some parts, in their order. Refuses of each what `composeEntity` refuses, and `language-missing`.
   *
   * @throws Error where the key cannot sign or a certificate cannot be encrypted to.
   */
  seal(parts: readonly Part[]): Promise<readonly Result<SealedPart>[]>
  /** Forgets the key and ends what works for it. */
  close(): Promise<void>
}

/** Seals with OpenPGP.js: in a browser, and wherever there is nothing faster. */
export function stockSealer(terms: SealingTerms): Sealer {
  return {
    seal: async (parts) =>
      await Promise.all(parts.map(async (part) => await sealPart(terms, part))),
    close: async () => {
      await Promise.resolve()
    },
  }
}

async function sealPart(
  { at, reporterKey, texts }: SealingTerms,
  part: Part,
): Promise<Result<SealedPart>> {
  const { statement } = part
  const words = noticeTexts(statement, (language) => texts.get(language))
  if (!words.ok) return words
  const draft = { statement, texts: words.value, reporterKey, at }
  if ('mailbox' in part) {
    const envelope = await composeEnvelope(draft, part.mailbox)
    return envelope.ok ? accept({ line: envelope.value.line }) : envelope
  }
  const salt = fromHex(part.salt) ?? new Uint8Array()
  const product = await composeProductLine(draft, { account: part.account, salt })
  if (!product.ok) return product
  const { line, signed } = product.value
  return accept({ line, signed: base64(signed) })
}

/** Leaves to `other` the parts that `first` is not for: its answer for them is `undefined`. */
export function sealerWithFallback(
  first: {
    seal(parts: readonly Part[]): Promise<readonly (Result<SealedPart> | undefined)[]>
    close(): Promise<void>
  },
  other: Sealer,
): Sealer {
  return {
    seal: async (parts) => {
      const sealed = await first.seal(parts)
      const left = parts.filter((_, position) => sealed[position] === undefined)
      const rest = left.length === 0 ? [] : [...(await other.seal(left))]
      return sealed.map((one) => {
        const result = one ?? rest.shift()
        if (result === undefined) throw new Error('a part was not sealed')
        return result
      })
    },
    close: async () => {
      await first.close()
      await other.close()
    },
  }
}
