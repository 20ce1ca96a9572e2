import { type ActBodies, DUTIES, type Duty, type OfficerEntry } from '#core/act-bodies.ts'
import type { Json } from '#core/canonical-json.ts'
import { accept } from '#core/result.ts'
import { openOfficer, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { readJson } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import type { Call, Command } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { UsageError } from '#cli/usage-error.ts'

const FINGERPRINT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

/** `party officer add` */
export const add: Command = async (call) =>
  await act(call, 'officer.add', await officerEntry(call, call.args.argument(0)))

/** `party officer change` */
export const change: Command = async (call) => {
  const duties = readDuties(call.args.list('duty').join(','))
  return await act(call, 'officer.change', {
    duties,
    fingerprint: readFingerprint(call.args.argument(0)),
  })
}

/** `party officer retire` */
export const retire: Command = async (call) => {
  const reason = call.args.maybe('reason') ?? 'retired'
  if (reason !== 'retired' && reason !== 'compromised')
    throw new UsageError('--reason is retired or compromised')
  return await act(call, 'officer.retire', {
    fingerprint: readFingerprint(call.args.argument(0)),
    reason,
  })
}

/** `party officer replace` */
export const replace: Command = async (call) => {
  const { certificate, challenge } = await readOfficerFile(call, call.args.argument(0))
  return await act(call, 'certificate.replace', { certificate, challenge })
}

/** Signs and sends one act of the party that the key belongs to. */
export async function act<T extends keyof ActBodies>(
  call: Call,
  type: T,
  body: ActBodies[T],
): ReturnType<Command> {
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const submitted = await submit(actor.value, type, body)
    return submitted.ok ? accept(describeSubmitted(submitted.value)) : submitted
  })
}

/** Reads `FILE:DUTIES`. @throws UsageError where it is not of that form. */
export async function officerEntry(call: Call, text: string): Promise<OfficerEntry> {
  const { before, after } = splitLast(text, ':', 'FILE:DUTIES')
  return { ...(await readOfficerFile(call, before)), duties: readDuties(after) }
}

/** Splits at the last separator. @throws UsageError where there is none. */
export function splitLast(
  text: string,
  separator: string,
  form: string,
): { before: string; after: string } {
  const at = text.lastIndexOf(separator)
  if (at <= 0 || at === text.length - 1) throw new UsageError(`${text} is not of the form ${form}`)
  return { before: text.slice(0, at), after: text.slice(at + 1) }
}

/** Reads duties joined by commas: each once, in order. @throws UsageError for another word. */
export function readDuties(text: string): readonly Duty[] {
  const named = text.split(',').map((word) => word.trim())
  const duties = DUTIES.filter((duty) => named.includes(duty))
  const wrong = named.find((word) => !DUTIES.some((duty) => duty === word))
  if (wrong !== undefined)
    throw new UsageError(
      `${wrong === '' ? 'nothing' : wrong} is not a duty; duties are ${DUTIES.join(', ')}`,
    )
  return duties
}

async function readOfficerFile(
  call: Call,
  path: string,
): Promise<{ certificate: string; challenge: string }> {
  const json = await readJson(call, path)
  const certificate = member(json, 'certificate')
  const challenge = member(json, 'challenge')
  if (certificate === undefined || challenge === undefined) {
    throw new FileError(
      `${path} is not an officer file; the officer makes one with: dunant challenge answer`,
    )
  }
  return { certificate, challenge }
}

/** A text member of a JSON object; `undefined` where there is none. */
export function member(json: Json, name: string): string | undefined {
  if (typeof json !== 'object' || json === null || !(name in json)) return undefined
  const value: unknown = Object.entries(json).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : undefined
}

/** @throws UsageError for anything but a whole fingerprint. */
export function readFingerprint(text: string): string {
  const fingerprint = text.replaceAll(' ', '').toLowerCase()
  if (!FINGERPRINT.test(fingerprint))
    throw new UsageError('FINGERPRINT is 40 hex digits, or 64 for a version 6 key')
  return fingerprint
}
