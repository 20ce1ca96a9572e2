/** Opens the keys of a backup, which a passphrase protects; `undefined` where it is another one. */
export { openSealedKeys } from '#adapters/keys/openpgp.ts'
