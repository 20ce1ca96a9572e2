import { openSealedKeys as open } from '#adapters/keys/openpgp.ts'

/** Opens the keys of a backup, which a passphrase protects; `undefined` where it is another one. */
export async function openSealedKeys(
  armored: string,
  passphrase: string,
): Promise<string | undefined> {
  return await open(armored, passphrase)
}
