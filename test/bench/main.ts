import { acts } from './acts.ts'
import { campaign } from './campaign.ts'
import { check } from './check.ts'
import { compose } from './compose.ts'
import { composeRole } from './compose-role.ts'
import { growth } from './growth.ts'
import { log } from './log.ts'
import { filing } from './filing.ts'
import type { Effort, Group, Line } from './measure.ts'
import { mail } from './mail.ts'
import { receipts } from './receipts.ts'
import { seal } from './seal.ts'
import { sinkRole } from './sink-role.ts'
import { serverRole } from './server-role.ts'
import { verify } from './verify.ts'
import { witnessed } from './witnessed.ts'

// `npm run bench` measures how near Dunant is to what the machine can do, and prints a line of JSON for each figure.
// What a line compares is measured in the same run, in turns.
//
//   npm run bench                      all figures
//   npm run bench -- --quick           in less than a minute, less exactly, and without the group campaign
//   npm run bench -- --only log        one group, or one line, by its name

const GROUPS: readonly Group[] = [
  verify,
  seal,
  log,
  receipts,
  witnessed,
  acts,
  growth,
  filing,
  compose,
  campaign,
  check,
  mail,
]
const FULL: Effort = { isQuick: false, samples: 11, blockMilliseconds: 500 }
const QUICK: Effort = { isQuick: true, samples: 5, blockMilliseconds: 120 }

async function main(args: readonly string[]): Promise<void> {
  const [role, ...rest] = args[0] === '--role' ? args.slice(1) : []
  if (role === 'server') return await serverRole(rest)
  if (role === 'sink') return await sinkRole(rest)
  if (role === 'compose') return await composeRole(rest)
  const isQuick = args.includes('--quick')
  const only = args.includes('--only') ? args[args.indexOf('--only') + 1] : undefined
  const chosen = GROUPS.filter(
    ({ lines, name }) => only === undefined || only === name || lines.includes(only),
  )
  const known = GROUPS.flatMap(({ lines, name }) => [name, ...lines]).join(', ')
  if (
    chosen.length === 0 ||
    args.some((arg) => arg !== '--quick' && arg !== '--only' && arg !== only)
  )
    throw new Error(`bench [--quick] [--only NAME], with NAME one of ${known}`)
  for (const group of chosen) {
    const print = (line: Line): void => {
      if (only === undefined || only === group.name || only === line.name) printLine(line)
    }
    await group.run(isQuick ? QUICK : FULL, print)
  }
}

/** The members always in one order. */
function printLine({ name, ratio, goal, better, value, unit, reference, samples }: Line): void {
  console.log(JSON.stringify({ name, ratio, goal, better, value, unit, reference, samples }))
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  console.error(error)
  process.exitCode = 1
}
