import { expect, test } from 'vitest'
import { readProof } from '#core/mail-message.ts'
import { officer } from '#test/helpers/client-keys.ts'
import { isGoodToOlder, mailTo, olderReader, readByOlder } from '#test/helpers/mailvelope.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

test('the OpenPGP.js that Mailvelope ships decrypts a mail and verifies the notice in it', async () => {
  const [sender, other] = [await officer(), await officer()]
  const alice = await olderReader('alice@customer.example', { type: 'ecc', curve: 'curve25519' })
  const read = await readByOlder(await mailTo(sender.key, alice), alice)
  expect(JSON.parse(accepted(readProof(read.decrypted)))).toMatchObject({ kind: 'product' })
  expect(await isGoodToOlder(read, sender.certificate)).toBe(true)
  expect(await isGoodToOlder({ ...read, entity: `${read.entity} ` }, sender.certificate)).toBe(
    false,
  )
  expect(await isGoodToOlder(read, other.certificate)).toBe(false)
})
