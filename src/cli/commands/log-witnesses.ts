import { fetchDirectory } from '#client/directory.ts'
import { logKeysOf } from '#core/directory.ts'
import { accept } from '#core/result.ts'
import { connect } from '#cli/connection.ts'
import { EXIT } from '#cli/exit.ts'
import { withHome } from '#cli/home.ts'
import { type Command, say } from '#cli/output.ts'
import { FileError } from '#agent/file-error.ts'
import { dataFolder } from './serve.ts'

/** `log witnesses` */
export const witnesses: Command = async (call) =>
  await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const replay = await fetchDirectory(connection.value.api, connection.value.pins)
    if (!replay.ok) return replay
    const { directory } = replay.value
    const { keys, quorum } = directory.charter?.witnesses ?? { keys: [], quorum: 0 }
    const { askWitnesses } = await import('#entry/ask-witnesses.ts')
    const asked = await askWitnesses(dataFolder(call), logKeysOf(directory)).catch(noSettings)
    const states = keys.map((vkey) => {
      const found = asked.find((one) => one.vkey === vkey)
      return { vkey, url: found?.url ?? null, size: found?.size ?? null }
    })
    const strangers = asked.filter(({ vkey }) => !keys.includes(vkey)).map(({ vkey }) => vkey)
    const answering = states.filter(({ size }) => size !== null).length
    const lines = [
      quorum === 0
        ? 'the charter names no witnesses'
        : `${String(answering)} of ${String(keys.length)} witnesses answer; the charter asks for ${String(quorum)}`,
      ...states.map((state) => `${nameOf(state.vkey)}  ${describe(state)}`),
      ...strangers.map(
        (vkey) => `${nameOf(vkey)}  has an address, and the charter does not name it`,
      ),
    ]
    const output = say(lines, { quorum, witnesses: states, strangers })
    return accept({ ...output, exit: answering >= quorum ? EXIT.done : EXIT.unavailable })
  })

/** Settings that are missing or malformed are no fault of the program. */
function noSettings(error: unknown): never {
  throw new FileError(error instanceof Error ? error.message : 'the settings cannot be read')
}

function describe({ size, url }: { size: number | null; url: string | null }): string {
  if (url === null) return 'has no address in server.json'
  return size === null ? `does not answer at ${url}` : `cosigned ${String(size)} entries last`
}

function nameOf(vkey: string): string {
  return vkey.split('+', 1)[0] ?? ''
}
