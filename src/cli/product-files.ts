import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Bundle } from '#client/bundle.ts'
import { productLine } from '#client/envelope.ts'
import type { ComposedProduct } from '#client/notice.ts'
import { composeProduct, formatProduct, withReceipt } from '#client/product.ts'
import type { ParsedAct } from '#core/act.ts'
import { parseLine } from '#core/bundle.ts'
import { base64, fromBase64, utf8 } from '#core/bytes.ts'
import { lineCommitment } from '#core/commitment.ts'
import { readEntity } from '#core/entity.ts'
import { sha256Hex } from '#core/hash.ts'
import { splitSignedMessage } from '#core/packets.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { verifyLine } from '#core/verify-receipt.ts'
import { parseStatement } from '#wire/notice.ts'
import { parseProduct } from '#wire/product.ts'
import { privateFolder, writeWhole } from './files.ts'
import { FileError } from './usage-error.ts'

const DELIVERIES = 'deliveries.json'
const FILING = 'filing.json'
const IS_PRODUCT = /^[0-9a-f]{64}\.json$/
const IS_DRAFT = /^[0-9a-f]{64}\.draft$/

/** The folder in which a company keeps what it shows its customers: one file each, named by the hash of the account. */
export interface ProductFolder {
  readonly path: string
  /** Keeps what was composed for one customer, while the bundle is not known yet. */
  keepDraft(product: ComposedProduct): void
  /** Makes the customers' files of the drafts: durable, before the act that they belong to is sent. */
  finish(bundle: Bundle, onProgress: (done: number) => void): number
  /** Puts a receipt into every file. Refuses `receipt-line-wrong` for a file that belongs to another notice. */
  addReceipt(
    receipt: Receipt,
    notice: ParsedAct,
    onProgress: (done: number) => void,
  ): Result<number>
  /** Which line is which mailbox's, to tell later who has read the notice. */
  keepDeliveries(bundle: Bundle): void
  readDeliveries(): readonly Delivery[]
  /** The act and its signature, kept before they are sent. */
  keepFiling(filing: KeptFiling): void
  readFiling(): KeptFiling | undefined
}

/** A line of the bundle that is a mailbox's. */
export interface Delivery {
  readonly index: number
  readonly mailbox: string
}

/** An act that was signed and may or may not have been received. */
export interface KeptFiling {
  readonly id: string
  /** Base64. */
  readonly payload: string
  readonly signature: string
}

/** Opens a folder of product files. */
export function openProductFolder(path: string): ProductFolder {
  const within = (name: string) => join(path, name)
  const named = (pattern: RegExp) =>
    existsSync(path) ? readdirSync(path).filter((name) => pattern.test(name)) : []
  return {
    path,
    keepDraft: ({ line, notice, recipient, salt, signed }) => {
      const draft = JSON.stringify({ line, notice, salt, signed: base64(signed) })
      writeWhole(within(`${productName(recipient.account)}.draft`), draft, { isDurable: false })
    },
    finish: (bundle, onProgress) => {
      const drafts = named(IS_DRAFT)
      for (const [position, name] of drafts.entries()) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
        const { line, salt, signed } = JSON.parse(readFileSync(within(name), 'utf8')) as {
          line: string
          salt: string
          signed: string
        }
        const file = composeProduct(
          { line, salt, signed: fromBase64(signed) ?? new Uint8Array() },
          bundle,
        )
        writeWhole(within(name.replace(/\.draft$/, '.json')), formatProduct(file))
        rmSync(within(name))
        onProgress(position + 1)
      }
      return drafts.length
    },
    addReceipt: (receipt, notice, onProgress) => {
      const files = named(IS_PRODUCT)
      for (const [position, name] of files.entries()) {
        const file = parseProduct(readFileSync(within(name), 'utf8'))
        if (!file.ok) return refuse('notice-malformed', `${name} is not a product file`)
        const { salt, signed } = file.value
        const line = productLine(lineCommitment(salt, fromBase64(signed) ?? new Uint8Array()))
        const belongs = verifyLine(notice, file.value, line)
        if (!belongs.ok) return refuse('receipt-line-wrong', `${name} belongs to another notice`)
        writeWhole(within(name), formatProduct(withReceipt(file.value, receipt)), {
          isDurable: false,
        })
        onProgress(position + 1)
      }
      return accept(files.length)
    },
    keepDeliveries: ({ lines }) => {
      const deliveries = lines.flatMap((text, index): Delivery[] => {
        const line = parseLine(text)
        return line.ok && line.value.kind === 'mailbox'
          ? [{ index, mailbox: line.value.mailbox }]
          : []
      })
      writeWhole(within(DELIVERIES), `${JSON.stringify(deliveries)}\n`)
    },
    readDeliveries: () => {
      if (!existsSync(within(DELIVERIES))) return []
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
      return JSON.parse(readFileSync(within(DELIVERIES), 'utf8')) as readonly Delivery[]
    },
    keepFiling: (filing) => {
      writeWhole(within(FILING), `${JSON.stringify(filing)}\n`)
    },
    readFiling: () => {
      if (!existsSync(within(FILING))) return undefined
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written above
      return JSON.parse(readFileSync(within(FILING), 'utf8')) as KeptFiling
    },
  }
}

/** A new, private folder. @throws UsageError where something is in it already. */
export function newProductFolder(path: string): ProductFolder {
  privateFolder(path)
  const drafts = readdirSync(path)
  if (drafts.some((name) => !IS_DRAFT.test(name))) {
    throw new FileError(
      `${path} is not empty; give a new folder, or --resume to go on with what is there`,
    )
  }
  // Drafts alone are what an interrupted run left: nothing of them was ever filed.
  for (const name of drafts) rmSync(join(path, name))
  return openProductFolder(path)
}

/** The id of the notice that a folder's file holds for an account; `undefined` where there is none. */
export function earlierNotice(path: string, account: string): string | undefined {
  const name = join(path, `${productName(account)}.json`)
  const file = existsSync(name) ? parseProduct(readFileSync(name, 'utf8')) : undefined
  if (file?.ok !== true) return undefined
  const parts = splitSignedMessage(fromBase64(file.value.signed) ?? new Uint8Array())
  const json = parts.ok ? readEntity(parts.value.content) : parts
  const statement = json.ok ? parseStatement(json.value) : json
  return statement.ok ? statement.value.notice : undefined
}

/** File names tell no accounts to whoever lists the folder. */
export function productName(account: string): string {
  return sha256Hex(utf8(account))
}
