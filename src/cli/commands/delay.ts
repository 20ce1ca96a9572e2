import {
  approveHold,
  endClock,
  type HoldClock,
  proposeHold,
  standingOf,
  startClock,
} from '#agent/hold-clock.ts'
import { signEntity } from '#client/openpgp.ts'
import { base64, utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { ownerOf } from '#core/directory.ts'
import { HOLD_REASONS } from '#core/notice-vocabulary.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import { openOfficer } from '#cli/connection.ts'
import { onDesk, readInstant } from '#cli/desk.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'
import { openPassphrases } from '#cli/passphrase.ts'
import { softwareKey } from '#cli/software-key.ts'
import { UsageError } from '#cli/usage-error.ts'

/** `delay start` */
export const start: Command = async (call) => {
  const name = call.args.argument(0)
  const confirmed = readInstant(call, 'confirmed')
  return await onDesk(call, async (desk) => {
    if (desk.read('hold', name) !== undefined)
      return await Promise.resolve(refuse('nothing-to-do', 'there is a clock of this name'))
    const clock = startClock({ name, confirmed }, call.io.now())
    if (clock.ok) desk.write('hold', name, clock.value)
    return clock.ok ? accept(shown(clock.value, call.io.now())) : clock
  })
}

/** `delay hold` */
export const hold: Command = async (call) => {
  const named = call.args.text('reason')
  const reason = HOLD_REASONS.find((known) => known === named)
  if (reason === undefined) throw new UsageError(`--reason is one of ${HOLD_REASONS.join(', ')}`)
  const wanted = {
    reason,
    until: readInstant(call, 'until'),
    inBatches: call.args.flag('in-batches'),
  }
  return await change(call, (clock, now) => proposeHold(clock, wanted, now))
}

/** `delay end` */
export const end: Command = async (call) => await change(call, endClock)

/** `delay approve`: what is signed says which case is held, why and until when. */
export const approve: Command = async (call) => {
  const passphrases = openPassphrases(call)
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home, passphrases)
    if (!actor.ok) return actor
    const key = await softwareKey(call, actor.value, passphrases)
    if (!key.ok) return key
    const owner = ownerOf(actor.value.replay.directory, key.value.fingerprint)
    if (owner?.party.domain !== actor.value.party || owner.officer.status !== 'active')
      return refuse('signer-not-entitled', 'only an active officer approves a hold')
    const { duties, fingerprint } = owner.officer
    return await onDesk(call, async (desk) => {
      const name = call.args.argument(0)
      const clock = desk.read('hold', name)
      if (clock === undefined) return refuse('hold-unknown')
      const at = call.io.now()
      const { coalition } = actor.value.connection
      const entity = holdEntity(clock, { genesis: coalition.genesis, party: actor.value.party })
      const signed = base64(await signEntity(key.value, entity, { at }))
      const approved = approveHold(clock, { officer: fingerprint, duties, at, signed })
      if (!approved.ok) return approved
      desk.write('hold', name, approved.value)
      return accept(shown(approved.value, at))
    })
  })
}

/** `delay list` */
export const list: Command = async (call) =>
  await onDesk(call, async (desk) => {
    const now = call.io.now()
    const clocks = desk.list('hold').map((clock) => ({ clock, standing: standingOf(clock, now) }))
    const rows = clocks.map(({ clock, standing }) => [
      clock.name,
      standing.state,
      formatInstant(standing.dueAt),
      `${String(Math.ceil(standing.heldSeconds / 3600))} h`,
      standing.reason ?? '',
      standing.missing.join(', '),
    ])
    const head = ['case', 'state', 'due', 'held', 'reason', 'waits for']
    const value = clocks.map(({ clock, standing }) => ({ name: clock.name, ...standing }))
    return await Promise.resolve(accept(say([table([head, ...rows])], value)))
  })

/** What an officer approves, as a MIME entity: keys of officers sign nothing else but acts. */
function holdEntity(
  { confirmed, name, terms }: HoldClock,
  of: { readonly genesis: string; readonly party: string },
): Uint8Array {
  const newest = terms.at(-1)
  const content = canonicalJson({
    case: name,
    confirmed: formatInstant(confirmed),
    genesis: of.genesis,
    party: of.party,
    reason: newest?.reason ?? '',
    until: formatInstant(newest?.until ?? confirmed),
  })
  const head = utf8('Content-Type: application/vnd.dunant.hold+json\r\n\r\n')
  return Uint8Array.from([...head, ...content])
}

async function change(
  call: Call,
  changed: (clock: HoldClock, now: number) => Result<HoldClock>,
): Promise<Result<Output>> {
  return await onDesk(call, async (desk) => {
    const name = call.args.argument(0)
    const clock = desk.read('hold', name)
    if (clock === undefined) return refuse('hold-unknown')
    const next = changed(clock, call.io.now())
    if (next.ok) desk.write('hold', name, next.value)
    return await Promise.resolve(next.ok ? accept(shown(next.value, call.io.now())) : next)
  })
}

function shown(clock: HoldClock, now: number): Output {
  const standing = standingOf(clock, now)
  const { dueAt, heldSeconds, missing, reason, state } = standing
  return say(
    [
      `case      ${clock.name}`,
      `state     ${state}`,
      `held      ${String(Math.ceil(heldSeconds / 3600))} hours since it was confirmed`,
      state === 'told' ? undefined : `due       ${formatInstant(dueAt)}`,
      reason === undefined ? undefined : `reason    ${reason}`,
      ...missing.map((duty) => `waits     approval by ${duty}`),
    ],
    { name: clock.name, ...standing },
  )
}
