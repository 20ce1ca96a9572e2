import { DUTIES } from '#core/act-bodies.ts'
import type { GovernanceLink, Receipt } from '#core/receipt.ts'
import type { Replay } from '#core/replay.ts'
import { verifyReceipt } from '#core/verify-receipt.ts'
import { parseAct } from '#wire/act.ts'
import { type Coalition, type Company, foundCoalition, ORIGIN, threeOf } from './coalition.ts'
import { companyKey } from './coalition-keys.ts'
import { connect } from './filing.ts'
import { briefTo, fileNotice, idOf, openCampaign } from './notices.ts'
import { accepted, reasonOf } from './openpgp-keys.ts'

/** The key of the log, which an operator has. */
export const LOG_SEED = new Uint8Array(32).fill(5)

/** Receipts as the real server made them. */
export interface Receipts {
  readonly coalition: Coalition
  readonly contoso: Company
  /** An officer of Contoso who was retired as compromised after filing. */
  readonly leaver: Company
  /** A joint notice that Fabrikam and Litware released by their support. */
  readonly joint: Receipt
  /** A notice that the same two support. */
  readonly plain: Receipt
  /** The notice that the retired officer filed before. */
  readonly leavers: Receipt
  /** What a verifier says who knows the genesis id, and perhaps a chain. */
  readonly verdict: (receipt: Receipt, replay?: Replay) => Promise<string>
}

/** Has two notices of one campaign filed and supported, and a third whose signer is retired. */
export async function openReceipts(): Promise<Receipts> {
  const coalition = await foundCoalition({ logSeed: LOG_SEED })
  const { contoso, fabrikam, litware } = threeOf(coalition)
  const leaver = await companyKey(contoso.domain, 'leaver')
  const officer = {
    certificate: leaver.certificate,
    challenge: await coalition.challenge(leaver.key, leaver.certificateBytes, 'officer'),
    duties: DUTIES,
  }
  idOf(await coalition.submit('officer.add', officer, contoso))
  const campaign = await openCampaign(coalition, contoso, [fabrikam, litware])
  for (const company of [fabrikam, litware])
    idOf(await coalition.submit('campaign.accept', { campaign }, company))
  const brief_message = await briefTo(coalition, contoso, [contoso, fabrikam, litware])
  const until = new Date((coalition.clock.now() + 3600) * 1000).toISOString().replace('.000', '')
  const customers = [await coalition.enrol('anna')]
  const terms = { campaign, brief_message, customers }
  const joint = { required: 2, until }
  const jointly = (await fileNotice(coalition, contoso, { ...terms, joint })).notice
  const plainly = (await fileNotice(coalition, contoso, terms)).notice
  const last = (await fileNotice(coalition, leaver, { customers })).notice
  for (const company of [fabrikam, litware]) {
    for (const notice of [jointly, plainly]) {
      const body = { notice, statements: ['issuer_is_genuine'] } as const
      idOf(await coalition.submit('notice.support', body, company))
    }
  }
  const retirement = { fingerprint: leaver.key.fingerprint, reason: 'compromised' } as const
  idOf(await coalition.submit('officer.retire', retirement, contoso))
  const api = connect(coalition, await coalition.session(contoso))
  const served = async (id: string): Promise<Receipt> =>
    accepted(await api.readReceipt(id, { withChain: true }))
  return {
    coalition,
    contoso,
    leaver,
    joint: await served(jointly),
    plain: await served(plainly),
    leavers: await served(last),
    verdict: async (receipt, replay) => {
      const pinned = replay === undefined ? {} : { replay }
      const anchor = { origin: ORIGIN, genesis: coalition.ports.genesis, ...pinned }
      return reasonOf(await verifyReceipt(receipt, anchor, parseAct))
    },
  }
}

/** The governance chain in a receipt. */
export function chainOf({ directory }: Receipt): readonly GovernanceLink[] {
  return directory.chain ?? []
}

/** A receipt with another chain. */
export function chained(receipt: Receipt, chain: readonly GovernanceLink[]): Receipt {
  return { ...receipt, directory: { ...receipt.directory, chain } }
}

/** A receipt for whoever pinned the chain before. */
export function withoutChain(receipt: Receipt): Receipt {
  const { head, proof } = receipt.directory
  return { ...receipt, directory: { head, proof } }
}
