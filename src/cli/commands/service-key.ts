import { fromBase64 } from '#core/bytes.ts'
import { writeArmor } from '#core/packets.ts'
import { accept } from '#core/result.ts'
import { writeOut } from '#cli/files.ts'
import { type Command, say } from '#cli/output.ts'
import { dataFolder, setting, withServerFolder } from './serve.ts'

/** `service-key rotate`: also while a server runs, which takes the new key once the charter names it. */
export const rotate: Command = async (call) => {
  const { prepareServiceKey } = await import('#entry/service-keys.ts')
  const prepared = await prepareServiceKey(dataFolder(call))
  const bytes = fromBase64(prepared.service_certificate) ?? new Uint8Array()
  const armored = writeArmor('PGP PUBLIC KEY BLOCK', bytes)
  const path = writeOut(call, armored)
  return accept(
    say(
      [
        path === undefined ? armored.trimEnd() : `certificate  ${path}`,
        `fingerprint  ${prepared.fingerprint}`,
        prepared.isNew
          ? 'prepared: the server signs with it once a charter.amend that names it has taken effect'
          : 'prepared before, and not named by a charter.amend yet',
      ],
      { ...prepared, certificate: armored },
    ),
  )
}

/** `challenge-secret rotate` */
export const replaceChallengeSecret: Command = async (call) => {
  const { replaceSecret } = await import('#entry/service-keys.ts')
  await withServerFolder(call, async () => {
    setting(() => replaceSecret(dataFolder(call)))
    await Promise.resolve()
  })
  return accept(
    say(['replaced: challenges that were not answered yet are void, and are asked for again'], {
      replaced: true,
    }),
  )
}
