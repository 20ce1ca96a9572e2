import type { CharterTerms, Quorums, WitnessPolicy } from '#core/act-bodies.ts'
import { base64 } from '#core/bytes.ts'
import { accept, refuse, type Result } from '#core/result.ts'
import { openOfficer, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { readJson } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import type { Call, Command } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'
import { isObject } from './charter.ts'
import { certificateOf } from './key.ts'

/** `charter amend`: the whole of the terms is signed, so that every signer sees what stays beside what changes. */
export const amend: Command = async (call) =>
  await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const { charter } = actor.value.replay.directory
    if (charter === undefined) return refuse('charter-missing')
    const terms = await amended(call, charter)
    if (!terms.ok) return terms
    const changes = changedMembers(charter, terms.value)
    if (changes.length === 0) return refuse('nothing-to-do', 'the charter says all of this already')
    const submitted = await submit(actor.value, 'charter.amend', terms.value)
    if (!submitted.ok) return submitted
    const others = `the others look at it and sign with: dunant party review ${submitted.value.id} --sign`
    const isOpen = submitted.value.status === 'pending'
    return accept(
      describeSubmitted(submitted.value, [
        `changes  ${changes.join(', ')}`,
        ...(isOpen ? [others] : []),
      ]),
    )
  })

async function amended(call: Call, now: CharterTerms): Promise<Result<CharterTerms>> {
  const { args } = call
  const file = args.maybe('service-certificate')
  const certificate = file === undefined ? undefined : await certificateOf(call, file)
  if (certificate?.ok === false) return certificate
  return accept({
    log_key: args.maybe('log-key') ?? now.log_key,
    quorums: await amendedQuorums(call, now.quorums),
    service_certificate:
      certificate === undefined ? now.service_certificate : base64(certificate.value),
    witnesses: amendedWitnesses(call, now.witnesses),
  })
}

/** Quorums that the file does not name stay. Values are checked with the whole act, by the schema that the server uses. */
async function amendedQuorums(call: Call, now: Quorums): Promise<Quorums> {
  const path = call.args.maybe('quorums')
  if (path === undefined) return now
  const json = await readJson(call, path)
  if (!isObject(json)) throw new FileError(`${path} is not a JSON object`)
  const unknown = Object.keys(json).find((key) => !(key in now))
  if (unknown !== undefined) throw new FileError(`${path}: there is no quorum ${unknown}`)
  return { ...now, ...json }
}

function amendedWitnesses(call: Call, now: WitnessPolicy): WitnessPolicy {
  const { args } = call
  const [added, removed] = [args.list('add-witness'), args.list('remove-witness')]
  const absent = removed.find((key) => !now.keys.includes(key))
  if (absent !== undefined) throw new UsageError(`the charter does not name the witness ${absent}`)
  const kept = now.keys.filter((key) => !removed.includes(key))
  return {
    keys: [...new Set([...kept, ...added])].toSorted(),
    quorum: args.count('witness-quorum') ?? now.quorum,
  }
}

/** Members are written in one order, here as in the schema, so that equal texts are equal members. */
function changedMembers(before: CharterTerms, after: CharterTerms): readonly string[] {
  const names = ['log_key', 'quorums', 'service_certificate', 'witnesses'] as const
  return names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
}
