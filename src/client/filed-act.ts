import type { ActOf } from '#core/act.ts'
import { fromBase64 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { parseAct } from '#wire/act.ts'
import type { Api } from './http.ts'

/** The act that opened a campaign, under the id that was asked for. */
export async function readCampaign(
  api: Api,
  id: string,
): Promise<Result<{ author: string; invited: readonly string[]; label: string }>> {
  const act = await readActOf(api, id, 'campaign.open')
  if (!act.ok) return act
  const { body, by } = act.value
  return accept({ author: 'party' in by ? by.party : '', invited: body.invited, label: body.label })
}

/** An act of one type that the server shows, if its bytes have the id that was asked for. */
export async function readActOf<T extends 'campaign.open' | 'notice.file'>(
  api: Api,
  id: string,
  type: T,
): Promise<Result<ActOf<T>>> {
  const served = await api.readAct(id)
  if (!served.ok) return served
  const parsed = parseAct(fromBase64(served.value.payload) ?? new Uint8Array())
  if (!parsed.ok) return parsed
  if (parsed.value.id !== id) return refuse('act-known-differently', 'the server shows another act')
  const { act } = parsed.value
  return isOf(act, type)
    ? accept(act)
    : refuse('act-type-unknown', `this act is ${act.type}, not ${type}`)
}

function isOf<T extends 'campaign.open' | 'notice.file'>(
  act: { type: string },
  type: T,
): act is ActOf<T> {
  return act.type === type
}
