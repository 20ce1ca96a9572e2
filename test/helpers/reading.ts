import { fetchTemplate } from '#client/adopted-template.ts'
import { fetchDirectory } from '#client/directory.ts'
import type { Api } from '#client/http.ts'
import { verifyLineList } from '#client/line-list.ts'
import { fetchCheckpoint } from '#client/log.ts'
import { openEnvelope, type OpenedNotice } from '#client/open-envelope.ts'
import { pinLines, pinnedCoalition, pinnedLines, type PinStore } from '#client/pins.ts'
import { parseLine } from '#core/bundle.ts'
import { refuse, type Result } from '#core/result.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import type { Customer } from './coalition.ts'

/** Reads and proves the first notice of a mailbox, all that a customer's client does, and gives the first refusal. */
export async function readNotice(
  api: Api,
  customer: Customer,
  pins: PinStore,
): Promise<Result<OpenedNotice>> {
  const coalition = await pinnedCoalition(pins)
  if (!coalition.ok) return coalition
  const replay = await fetchDirectory(api, pins)
  if (!replay.ok) return replay
  const { directory } = replay.value
  const checkpoint = await fetchCheckpoint(api, pins, directory)
  if (!checkpoint.ok) return checkpoint
  const served = await api.readLineList(customer.id)
  if (!served.ok) return served
  const list = await verifyLineList(served.value, directory.serviceCertificates, {
    mailbox: customer.id,
    origin: coalition.value.origin,
    previous: await pinnedLines(pins, customer.id),
    sizeMin: checkpoint.value.size,
  })
  if (!list.ok) return list
  await pinLines(pins, customer.id, list.value)
  const [entry] = list.value.lines
  if (entry === undefined) return refuse('notice-unknown')
  const receipt = await api.readReceipt(entry.notice, { withChain: true })
  if (!receipt.ok) return receipt
  const verified = await verifyReceipt(receipt.value, coalition.value, parseAct)
  if (!verified.ok) return verified
  const line = await api.readLine({ root: entry.root, index: entry.index })
  if (!line.ok) return line
  const parsed = parseLine(line.value.line)
  if (!parsed.ok || parsed.value.kind !== 'mailbox') return refuse('receipt-line-wrong')
  const { count, index, path } = line.value
  return await openEnvelope(
    { message: parsed.value.message, mailbox: customer.id, key: customer.key },
    {
      ...coalition.value,
      directory,
      findTemplate: async (hash, language) => await fetchTemplate(api, hash, language),
      proof: { receipt: verified.value, path: { count, index, path } },
    },
  )
}
