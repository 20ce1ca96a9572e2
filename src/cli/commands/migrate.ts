import { accept } from '#core/result.ts'
import { type Command, say } from '#cli/output.ts'
import { dataFolder, setting, withServerFolder } from './serve.ts'

/** `migrate` */
export const migrate: Command = async (call) => {
  const [{ migrateServer }, { readServerHome }, { readEnvironment }] = await Promise.all([
    import('#entry/migrate.ts'),
    import('#entry/home.ts'),
    import('#entry/config.ts'),
  ])
  const config = setting(() => readEnvironment(call.io.env))
  const home = setting(() => readServerHome(dataFolder(call), config.keys))
  const { copy, ran } = await withServerFolder(
    call,
    async () => await migrateServer({ home, config }),
  )
  return accept(
    say(
      [
        ran.length === 0 ? 'the database is up to date' : `brought up to date: ${ran.join(', ')}`,
        copy === undefined ? undefined : `as it was before: ${copy}; remove it once all is well`,
      ],
      { ran, copy: copy ?? null },
    ),
  )
}
