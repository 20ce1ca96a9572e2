import { afterAll, beforeAll, expect, test } from 'vitest'
import { fromUtf8 } from '#core/bytes.ts'
import { readProof } from '#core/mail-message.ts'
import { readArmor, writeArmor } from '#core/packets.ts'
import { officer } from '#test/helpers/client-keys.ts'
import { type Gpg, openGpg } from '#test/helpers/gpg.ts'
import {
  armoredIn,
  isGoodToOlder,
  mailTo,
  OLDER_KEYS,
  olderReader,
  readByOlder,
} from '#test/helpers/mailvelope.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

let gpg: Gpg
let sender: Awaited<ReturnType<typeof officer>>
beforeAll(async () => {
  gpg = openGpg()
  sender = await officer()
  gpg.run(['--import', gpg.file('sender', writeArmor('PGP PUBLIC KEY BLOCK', sender.certificate))])
})
afterAll(() => {
  gpg.close()
})

for (const kind of OLDER_KEYS) {
  const name = kind.type === 'ecc' ? kind.curve : `RSA ${String(kind.rsaBits)}`
  test(`OpenPGP.js 5 reads our mails with keys that it made itself, and gpg the same bytes: ${name}`, async () => {
    const to = await olderReader('alice@customer.example', kind)
    const mail = await mailTo(sender.key, to)
    const read = await readByOlder(mail, to)
    expect(await isGoodToOlder(read, sender.certificate)).toBe(true)
    expect(JSON.parse(accepted(readProof(read.decrypted)))).toMatchObject({ kind: 'product' })

    gpg.run(['--import', gpg.file('own', to.privateArmored)])
    const opened = gpg.run(['--decrypt', gpg.file('mail.eml', mail)]).stdout
    expect(fromUtf8(opened)).toBe(fromUtf8(read.decrypted))
  })
}

test('OpenPGP.js 5 decrypts no mail of which a byte was changed, and none for somebody else', async () => {
  const kind = { type: 'ecc', curve: 'curve25519' } as const
  const [alice, bob] = [
    await olderReader('alice@customer.example', kind),
    await olderReader('bob@customer.example', kind),
  ]
  const mail = await mailTo(sender.key, alice)
  await expect(readByOlder(mail, bob)).rejects.toThrow('Session key decryption failed')
  const armored = armoredIn(mail)
  const bytes = accepted(readArmor(armored, 'PGP MESSAGE')).slice()
  const middle = bytes.length >> 1
  bytes[middle] = (bytes[middle] ?? 0) ^ 1
  const changed = mail.replace(armored, writeArmor('PGP MESSAGE', bytes))
  await expect(readByOlder(changed, alice)).rejects.toThrow('Modification detected')
})
