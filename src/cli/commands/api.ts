import { openTransport } from '#client/transport.ts'
import { accept, type Result } from '#core/result.ts'
import { fromUtf8 } from '#core/bytes.ts'
import { connect, openOfficer, signInToken } from '#cli/connection.ts'
import { readBytes, writeOut } from '#cli/files.ts'
import { type Home, withHome } from '#cli/home.ts'
import type { Call, Command } from '#cli/output.ts'
import { say } from '#cli/output.ts'
import { UsageError } from '#cli/usage-error.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT'] as const
const ANSWER_BYTES_MAX = 256 * 1024 * 1024

/** `api` */
export const api: Command = async (call) => {
  const named = call.args.argument(0).toUpperCase()
  const method = METHODS.find((known) => known === named)
  const path = call.args.argument(1)
  if (method === undefined) throw new UsageError(`METHOD is one of ${METHODS.join(', ')}`)
  if (!path.startsWith('/')) throw new UsageError('PATH begins with a slash')
  const file = call.args.maybe('body')
  const body = file === undefined ? undefined : await readBytes(call, file)
  const reply = await withHome(call, async (home) => {
    const access = await accessOf(call, home)
    if (!access.ok) return access
    return await openTransport(access.value)({
      method,
      path,
      headers: {
        accept: '*/*',
        ...(body === undefined
          ? {}
          : { 'content-type': call.args.maybe('type') ?? 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      bytesMax: ANSWER_BYTES_MAX,
      repeatable: method !== 'POST',
    })
  })
  if (!reply.ok) return reply
  const { bytes, headers, status } = reply.value
  const out = writeOut(call, bytes)
  if (out !== undefined) return accept(say([`written to ${out}`], { status, file: out }))
  const text = fromUtf8(bytes)
  const value = { status, headers: Object.fromEntries(headers.entries()), ...bodyOf(text) }
  // Bytes go out as they came only where no terminal would obey them.
  return accept({ text: text ?? 'the answer is not text; write it to a file with --out', value })
}

async function accessOf(call: Call, home: Home): Promise<Result<{ url: string; token?: string }>> {
  if (call.args.maybe('key') === undefined && call.args.maybe('gpg') === undefined) {
    const url = call.args.maybe('server')
    if (url !== undefined) return accept({ url })
    const connection = await connect(call, home)
    return connection.ok ? accept({ url: connection.value.url }) : connection
  }
  const actor = await openOfficer(call, home)
  if (!actor.ok) return actor
  const token = await signInToken(actor.value)
  return token.ok ? accept({ url: actor.value.connection.url, token: token.value }) : token
}

function bodyOf(text: string | undefined): { body: unknown } {
  try {
    return { body: text === undefined ? null : (JSON.parse(text) as unknown) }
  } catch {
    return { body: text }
  }
}
