import type { Expiry } from '#client/expiry.ts'
import { dayOf } from '#core/time.ts'
import { auditLog } from '#client/audit.ts'
import { fetchLog } from '#client/log.ts'
import { type Finding, monitorParty } from '#client/monitor.ts'
import { pinnedTree } from '#client/pins.ts'
import { hex } from '#core/bytes.ts'
import { accept, type Result } from '#core/result.ts'
import { connect, type Connection, openOfficer } from '#cli/connection.ts'
import { EXIT } from '#cli/exit.ts'
import { type Home, withHome } from '#cli/home.ts'
import { type Call, type Command, type Output, say } from '#cli/output.ts'
import { keepEffective, ownActs } from '#cli/own-acts.ts'
import { foreignFindings } from '#cli/own-findings.ts'
import { openProgress } from '#cli/progress.ts'
import { readId } from './party.ts'
import { witnessLine } from './receipt.ts'

/** `log verify` */
export const verify: Command = async (call) =>
  await online(call, async ({ api, pins }) => {
    const before = await pinnedTree(pins)
    const seen = await fetchLog(api, pins)
    if (!seen.ok) return seen
    const { checkpoint } = seen.value
    const { root, size, witnessed, witnessQuorum } = checkpoint
    const grown =
      before === undefined
        ? 'seen for the first time'
        : `grew from ${String(before.size)} entries, which are unchanged`
    return accept(
      say(
        [
          `log      ${String(size)} entries, ${grown}`,
          `root     ${hex(root)}`,
          witnessLine(checkpoint),
        ],
        {
          size,
          root: hex(root),
          before: before?.size ?? null,
          witnessed,
          witness_quorum: witnessQuorum,
        },
      ),
    )
  })

/** `log audit` */
export const audit: Command = async (call) =>
  await online(call, async ({ api, pins }) => {
    const progress = openProgress(call.io, 'reading the log')
    try {
      const report = await auditLog(api, pins, (done, size) => {
        progress.update(done, size)
      })
      if (!report.ok) return report
      const { governance, heads, privateRecords, publicRecords, root, size, tiles } = report.value
      return accept(
        say(
          [
            `log         ${String(size)} entries, all under the signed root`,
            `root        ${root}`,
            `tiles       ${String(tiles)} of hashes, all right`,
            `records     ${String(publicRecords)} public, ${String(privateRecords)} that tell nobody else anything`,
            `governance  ${String(governance)} records, all in the chain; ${String(heads)} published heads, all right`,
            witnessLine(report.value),
          ],
          report.value,
        ),
      )
    } finally {
      progress.close()
    }
  })

/** `log watch-once` */
export const watchOnce: Command = async (call) => {
  const accepted = call.args.list('accept').map(readId)
  return await online(call, async ({ api, home, pins }) => {
    const party = await partyOf(call, home)
    if (!party.ok) return party
    const domain = party.value
    keepEffective(home, accepted)
    const { effective } = ownActs(home)
    const report = await monitorParty(api, pins, {
      domain,
      known: effective,
      now: call.io.now(),
    })
    if (!report.ok) return report
    const findings = foreignFindings(home, report.value.findings)
    const { expiring, size } = report.value
    const calm = `nothing to look into for ${domain}, ${String(size)} entries`
    const lines = findings.length === 0 ? [calm] : findings.map(describe)
    return accept({
      ...say([...lines, ...expiring.map(warn)], { party: domain, size, findings, expiring }),
      exit: findings.length === 0 ? EXIT.done : EXIT.unverified,
    })
  })
}

/** The party that is watched: named, or that of the key. Nothing is signed for it. */
async function partyOf(call: Call, home: Home): Promise<Result<string>> {
  const named = call.args.maybe('party')
  if (named !== undefined) return accept(named)
  const actor = await openOfficer(call, home)
  return actor.ok ? accept(actor.value.party) : actor
}

function warn({ expires, fingerprint }: Expiry): string {
  return `EXPIRES   ${fingerprint} on ${dayOf(expires)}: extend it, then  dunant party officer replace`
}

function describe(finding: Finding): string {
  switch (finding.kind) {
    case 'withheld':
      return `WITHHELD  ${finding.act}: you filed it and it took effect, and the chain does not have it`
    case 'unknown':
      return `UNKNOWN   ${finding.act}: ${finding.type} in your name or about you, not filed from this home`
    case 'waiting':
      return `WAITING   ${finding.act}: ${finding.type} in your name or about you waits for signatures`
    case 'unlogged':
      return `UNLOGGED  ${finding.record}: shown to you as governance, and not in the log`
    case 'outside-chain':
      return `LEFT OUT  ${finding.act}: a governance record of the log that the chain does not have`
    case 'head-wrong':
      return `WRONG     entry ${String(finding.leafIndex)} publishes a head that the chain did not have`
  }
}

async function online(
  call: Call,
  work: (connection: Connection) => Promise<Result<Output>>,
): Promise<Result<Output>> {
  return await withHome(call, async (home) => {
    const connection = await connect(call, home)
    return connection.ok ? await work(connection.value) : connection
  })
}
