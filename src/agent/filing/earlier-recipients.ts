import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Recipient } from '#client/recipients.ts'
import type { NoticeKind } from '#core/act-bodies.ts'
import { fromBase64 } from '#core/bytes.ts'
import { readEntity } from '#core/entity.ts'
import { splitSignedMessage } from '#core/packets.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseStatement } from '#wire/notice.ts'
import { parseProduct } from '#wire/product.ts'
import { openProductFolder, productName } from './product-files.ts'

/** Why somebody who got a notice does not get the one that follows it. */
export const LEFT_OUT_REASONS = ['account-closed', 'told-otherwise', 'not-affected'] as const
/** One of `LEFT_OUT_REASONS`. */
export type LeftOutReason = (typeof LEFT_OUT_REASONS)[number]

/** How many got the earlier notice and would not get the later one by the same channel. */
export interface LeftOut {
  /** Customers who are not on the list. */
  readonly customers: number
  /** Mailboxes to which nothing would be sent. */
  readonly mailboxes: number
}

/** Who got the earlier notice. */
export interface EarlierRecipients {
  readonly leftOut: (recipients: Iterable<Recipient>) => Promise<LeftOut>
  /** Why some may be left out; without it nobody is. */
  readonly reason?: LeftOutReason | undefined
}

/**
 * Checks that a correction, withdrawal or follow-up goes to everybody who got what it follows, and in the same way: whoever believed the first
 * one goes on believing it.
 *
 * Refuses `recipients-missing` unless a reason is given. That somebody is not affected is no reason to withhold a correction.
 */
export async function checkLeftOut(
  kind: NoticeKind,
  earlier: EarlierRecipients,
  recipients: Iterable<Recipient>,
): Promise<Result<LeftOut>> {
  const { reason } = earlier
  if (reason === 'not-affected' && kind !== 'follow_up')
    return refuse('recipients-missing', 'whoever got a notice gets its correction or withdrawal')
  const left = await earlier.leftOut(recipients)
  if ((left.customers === 0 && left.mailboxes === 0) || reason !== undefined) return accept(left)
  const { customers, mailboxes } = left
  return refuse(
    'recipients-missing',
    `${String(customers)} customers who got the earlier notice are not on the list, and ${String(mailboxes)} mailboxes would get nothing: ` +
      `add them (dunant notice missing tells who they are), or say why with --left-out ${LEFT_OUT_REASONS.join(', ')}`,
  )
}

/** Who got an earlier notice, as its product files have it. */
export function earlierInFolder(
  path: string,
  reason: LeftOutReason | undefined,
): EarlierRecipients & { readonly accountsBut: (known: Iterable<string>) => readonly string[] } {
  const files = readdirSync(path).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
  return {
    reason,
    leftOut: async (recipients) => {
      const customers = new Set(files)
      const mailboxes = new Set(
        openProductFolder(path)
          .readDeliveries()
          .map((one) => one.mailbox),
      )
      for (const { account, mailbox } of recipients) {
        customers.delete(`${productName(account)}.json`)
        if (mailbox !== undefined) mailboxes.delete(mailbox)
      }
      return await Promise.resolve({ customers: customers.size, mailboxes: mailboxes.size })
    },
    accountsBut: (known) => {
      const named = new Set(Array.from(known, (account) => `${productName(account)}.json`))
      return files
        .filter((name) => !named.has(name))
        .flatMap((name) => accountIn(join(path, name)) ?? [])
        .toSorted()
    },
  }
}

function accountIn(path: string): string | undefined {
  const file = parseProduct(readFileSync(path, 'utf8'))
  const parts = file.ok
    ? splitSignedMessage(fromBase64(file.value.signed) ?? new Uint8Array())
    : file
  const json = parts.ok ? readEntity(parts.value.content) : parts
  const statement = json.ok ? parseStatement(json.value) : json
  return statement.ok && 'account' in statement.value.to ? statement.value.to.account : undefined
}
