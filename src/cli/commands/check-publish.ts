import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { buildList } from '#agent/check/build-list.ts'
import { deriveKey } from '#agent/check/derive-key.ts'
import { nextRelease, publishList, roomFor } from '#agent/check/publish-list.ts'
import { FileError } from '#agent/file-error.ts'
import type { BuiltList } from '#client/build-check-list.ts'
import type { Api } from '#client/http.ts'
import { systemRandom } from '#client/random.ts'
import { accept, type Result } from '#core/result.ts'
import { formatInstant, parseInstant } from '#core/time.ts'
import { type OfficerActor, openOfficer, signIn, submit } from '#cli/connection.ts'
import { describeSubmitted } from '#cli/describe.ts'
import { pathOf } from '#cli/files.ts'
import { withHome } from '#cli/home.ts'
import type { Call, Command, Output } from '#cli/output.ts'
import { openProgress } from '#cli/progress.ts'
import { UsageError } from '#cli/usage-error.ts'

/** `check publish` */
export const publish: Command = async (call) =>
  await withHome(call, async (home) => {
    const actor = await openOfficer(call, home)
    if (!actor.ok) return actor
    const api = await signIn(actor.value)
    if (!api.ok) return api
    const keyed = call.args.flag('desk') ? 'code' : 'account'
    const release = await nextRelease(api.value, { party: actor.value.party, keyed }, call.io.now())
    if (!release.ok) return release
    const built = await build(call, actor.value, { keyed, release: release.value })
    if (!built.ok) return built
    return await upload(actor.value, api.value, built.value)
  })

async function build(
  { args, io }: Call,
  actor: OfficerActor,
  list: { readonly keyed: 'account' | 'code'; readonly release: number },
): Promise<Result<BuiltList>> {
  const path = pathOf({ io }, args.text('codes'))
  if (!existsSync(path)) throw new FileError(`${args.text('codes')} cannot be read (ENOENT)`)
  const room = roomOf(args)
  const progress = openProgress(io, 'building')
  const lines = createInterface({ input: createReadStream(path), crlfDelay: Infinity })
  try {
    return await buildList({
      lines,
      folder: pathOf({ io }, args.text('work')),
      genesis: actor.connection.coalition.genesis,
      plan: { ...list, filer: actor.party, room },
      derive: deriveKey,
      random: systemRandom,
      onProgress: (codes) => {
        progress.update(codes, 0)
      },
    })
  } finally {
    lines.close()
    progress.close()
  }
}

function roomOf(args: Call['args']): { readonly buckets: number } {
  const room = roomFor(args.count('room') ?? 0)
  if (!room.ok) throw new UsageError('--room is more than a list holds')
  return room.value
}

async function upload(actor: OfficerActor, api: Api, list: BuiltList): Promise<Result<Output>> {
  const submitted = await publishList(
    api,
    list,
    async (type, body) => await submit(actor, type, body),
  )
  if (!submitted.ok) return submitted
  const { buckets, release, texts } = list.body
  const described = describeSubmitted(submitted.value, [
    `release   ${formatInstant(parseInstant(release) ?? 0)}`,
    `codes     ${String(list.codes)}, which nobody else can count`,
    `size      ${String(buckets)} buckets, ${String(texts)} parts of texts`,
  ])
  const { id, missing, status } = submitted.value
  return accept({
    ...described,
    value: { id, status, missing, release, codes: list.codes, buckets, texts },
  })
}
