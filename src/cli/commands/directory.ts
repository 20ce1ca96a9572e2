import { fetchDirectory } from '#client/directory.ts'
import type { Directory } from '#core/directory.ts'
import { headOf } from '#core/directory.ts'
import type { Replay } from '#core/replay.ts'
import { accept, type Result } from '#core/result.ts'
import { connect, keepServer } from '#cli/connection.ts'
import { withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say, table } from '#cli/output.ts'

/** `directory pin` */
export const pin: Command = async (call) =>
  await withHome(call, async (home) => {
    const connection = await connect(call, home)
    if (!connection.ok) return connection
    const replay = await fetchDirectory(connection.value.api, connection.value.pins)
    if (!replay.ok) return replay
    keepServer(connection.value)
    const shown = describe(replay.value.directory)
    return accept({
      ...shown,
      text: `pinned ${connection.value.coalition.origin} in ${home.folder}\n\n${shown.text}`,
    })
  })

/** `directory show` */
export const show: Command = async (call) => {
  const replay = await freshDirectory(call)
  return replay.ok ? accept(describe(replay.value.directory)) : replay
}

/** The directory as the server has it now, verified from the genesis id on. */
export async function freshDirectory(call: Call): Promise<Result<Replay>> {
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    return connection.ok
      ? await fetchDirectory(connection.value.api, connection.value.pins)
      : connection
  })
}

function describe(directory: Directory): Output {
  const { charter, genesis, origin, templates } = directory
  const witnesses = charter?.witnesses ?? { keys: [], quorum: 0 }
  return say(
    [
      `coalition  ${origin}`,
      `genesis    ${genesis}`,
      `head       ${headOf(directory)} (record ${String(directory.chain.length)})`,
      `log key    ${charter?.log_key ?? 'none'}`,
      `service    ${directory.serviceFingerprint}`,
      `witnesses  ${witnesses.quorum === 0 ? 'none: receipts say logged, no more' : `${String(witnesses.quorum)} of ${String(witnesses.keys.length)}`}`,
      `templates  ${[...templates.keys()].join(', ') || 'none'}`,
      '',
      partyTable(directory),
    ],
    {
      origin,
      genesis,
      head: headOf(directory),
      records: directory.chain.length,
      charter,
      parties: partyValues(directory),
      templates: [...templates.keys()],
    },
  )
}

/** The parties, a line each. */
export function partyTable(directory: Directory): string {
  const rows = [...directory.parties.values()].map(
    ({ domain, kind, officers, status, twoOfficers }) => {
      const active = [...officers.values()].filter((officer) => officer.status === 'active').length
      return [
        domain,
        kind,
        status,
        `${String(active)} officers${twoOfficers ? ', two must sign' : ''}`,
      ]
    },
  )
  return table([['party', 'kind', 'status', 'officers'], ...rows])
}

/** The parties as JSON. */
export function partyValues(directory: Directory): readonly unknown[] {
  return [...directory.parties.values()].map(
    ({ domain, kind, officers, rules, status, twoOfficers }) => ({
      domain,
      kind,
      status,
      two_officers: twoOfficers,
      rules,
      officers: [...officers.values()].map(({ duties, fingerprint, status: standing }) => ({
        fingerprint,
        duties,
        status: standing,
      })),
    }),
  )
}
