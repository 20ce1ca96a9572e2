/** What tests call of version 5. It is as in version 6 but for the names of curves. */
declare module 'openpgp-5' {
  export {
    createMessage,
    decrypt,
    readKey,
    readMessage,
    readPrivateKey,
    readSignature,
    verify,
  } from 'openpgp'

  export function generateKey(
    options: (
      | { readonly type: 'ecc'; readonly curve: 'curve25519' | 'p256' | 'p384' | 'p521' }
      | { readonly type: 'rsa'; readonly rsaBits: number }
    ) & {
      readonly userIDs: { readonly name: string; readonly email: string }
      readonly date: Date
    },
  ): Promise<{ readonly privateKey: string; readonly publicKey: string }>
}
