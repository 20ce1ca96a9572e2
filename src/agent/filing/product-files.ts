import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { productLine } from '#client/envelope.ts'
import { formatProduct, withReceipt } from '#client/product.ts'
import type { ParsedAct } from '#core/act.ts'
import { fromBase64, utf8 } from '#core/bytes.ts'
import { lineCommitment } from '#core/commitment.ts'
import { readEntity } from '#core/entity.ts'
import { sha256Hex } from '#core/hash.ts'
import { splitSignedMessage } from '#core/packets.ts'
import type { Receipt } from '#core/receipt.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { verifyLine } from '#core/verify-receipt.ts'
import { parseStatement } from '#wire/notice.ts'
import { parseProduct } from '#wire/product.ts'
import { syncFolder, writeWhole } from '#agent/files.ts'

const DELIVERIES = 'deliveries.json'
const FILING = 'filing.json'
/** Held while somebody works on the folder. */
export const LOCK = 'lock'
const IS_PRODUCT = /^[0-9a-f]{64}\.json$/
const IS_PART = /^(?:[0-9a-f]{64}|deliveries|filing)\.json\.[0-9a-f]+\.part$/

/** The folder in which a company keeps what it shows its customers: one file each, named by the hash of the account. */
export interface ProductFolder {
  readonly path: string
  /** Puts a receipt into every file. Refuses `receipt-line-wrong` for a file that belongs to another notice. */
  addReceipt(
    receipt: Receipt,
    notice: ParsedAct,
    onProgress: (done: number) => void,
  ): Result<number>
  /** Which line is which mailbox's, to tell later who has read the notice. */
  keepDeliveries(deliveries: Iterable<Delivery>): void
  readDeliveries(): readonly Delivery[]
  /** The act and its signature, kept before they are sent. */
  keepFiling(filing: KeptFiling): void
  readFiling(): KeptFiling | undefined
  /** Forgets an act that no server knows. */
  dropFiling(): void
  /** Removes customers' files, and what writing left half done. */
  clear(what: 'all' | 'parts'): void
  isEmpty(): boolean
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
    keepDeliveries: (deliveries) => {
      writeWhole(within(DELIVERIES), `${JSON.stringify([...deliveries])}\n`)
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
    dropFiling: () => {
      rmSync(within(FILING), { force: true })
      syncFolder(path)
    },
    clear: (what) => {
      for (const name of named(IS_PART)) rmSync(within(name))
      if (what === 'parts') return
      for (const name of named(IS_PRODUCT)) rmSync(within(name))
      rmSync(within(DELIVERIES), { force: true })
    },
    isEmpty: () => named(/./).every((name) => name === LOCK),
  }
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
