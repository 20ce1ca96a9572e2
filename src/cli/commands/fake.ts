import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { writeWhole } from '#agent/files.ts'
import { fetchDirectory } from '#client/directory.ts'
import { encryptUnsigned } from '#client/openpgp.ts'
import { fromBase64 } from '#core/bytes.ts'
import { activeParty } from '#core/directory.ts'
import { accept, refuse } from '#core/result.ts'
import { BODY_SCHEMAS } from '#wire/act-bodies.ts'
import { connect, openOfficer, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { pathOf, readBytes, readJson } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import { type Command, say } from '#cli/output.ts'

/** `check fakes` */
export const fakes: Command = async (call) =>
  await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const known = await connection.value.api.readFakes()
    if (!known.ok) return known
    const lines = known.value.fakes.flatMap(({ act, body, party }) => [
      `FORGED  ${body.channel} of ${body.seen_on} that imitates ${body.imitates}; reported by ${String(body.reports)}`,
      ...[body.subject ?? [], ...body.lines].flat().map((line) => `  | ${line}`),
      `  published by ${party}: dunant receipt get ${act}`,
      '',
    ])
    const total = `${String(known.value.fakes.length)} known, reported by ${String(known.value.reports)} people in all`
    return accept(say([...lines, total], known.value))
  })

/** `check report` */
export const report: Command = async (call) => {
  const bytes = await readBytes(call, call.args.argument(0))
  const domain = call.args.text('imitates')
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const { api, now, pins } = connection.value
    const replay = await fetchDirectory(api, pins)
    if (!replay.ok) return replay
    const party = activeParty(replay.value.directory, domain)
    if (!party.ok) return party
    const certificates = [...party.value.officers.values()]
      .filter(({ encryptionKeys, status }) => status === 'active' && encryptionKeys.length > 0)
      .map(({ certificate }) => fromBase64(certificate) ?? new Uint8Array())
    if (certificates.length === 0) return refuse('brief-recipients-wrong')
    const sent = await api.reportFake(await encryptUnsigned(certificates, bytes, { at: now }))
    if (!sent.ok) return sent
    return accept(
      say([`reported to ${domain}, which alone can read it; it is kept for 30 days`], {
        to: domain,
        readers: certificates.length,
      }),
    )
  })
}

/** `check reports` */
export const reports: Command = async (call) => {
  const out = pathOf(call, call.args.text('out'))
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    const api = actor.ok ? await signIn(actor.value) : actor
    if (!api.ok) return api
    const listed = await api.value.listFakeReports()
    if (!listed.ok) return listed
    mkdirSync(out, { recursive: true, mode: 0o700 })
    for (const one of listed.value.reports) {
      const message = await api.value.readFakeReport(one.report)
      if (!message.ok) return message
      writeWhole(join(out, `${one.day}-${one.report}.pgp`), message.value)
    }
    return accept(say([`${String(listed.value.reports.length)} reports in ${out}`], listed.value))
  })
}

/** `check warn` */
export const warn: Command = async (call) => {
  const body = BODY_SCHEMAS['fake.publish'].safeParse(await readJson(call, call.args.argument(0)))
  if (!body.success) {
    const path = body.error.issues[0]?.path.map(String).join('.') ?? ''
    return refuse('act-body-invalid', `the sample: ${path}`)
  }
  return await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const submitted = await submit(actor.value, 'fake.publish', body.data)
    return submitted.ok ? accept(describeSubmitted(submitted.value, [])) : submitted
  })
}
