import { accept } from '#core/result.ts'
import { EXIT } from '#cli/exit.ts'
import { type Command, say } from '#cli/output.ts'
import { dataFolder, setting } from './serve.ts'

/** `doctor` */
export const doctor: Command = async (call) => {
  const [{ examineServer }, { readEnvironment }] = await Promise.all([
    import('#entry/doctor.ts'),
    import('#entry/config.ts'),
  ])
  const config = setting(() => readEnvironment(call.io.env))
  const findings = await examineServer({
    home: dataFolder(call),
    config,
    isDeep: call.args.flag('deep'),
  })
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ advice, check, detail, level }) => [
    `${MARKS[level]}  ${check.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`${' '.repeat(width + 11)}${advice}`]),
  ])
  const isFaulty = findings.some(({ level }) => level === 'fault')
  return accept({
    ...say(lines, { faulty: isFaulty, findings }),
    exit: isFaulty ? EXIT.unverified : EXIT.done,
  })
}

const MARKS = { fault: 'FAULT  ', ok: 'ok     ', warning: 'warning' } as const
