import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  jsonOf,
  runHere,
  type ServedFolder,
  serveFolder,
  textOf,
} from '#test/helpers/command-line.ts'
import {
  accepted,
  COMPANY,
  openSolo,
  SOLO_ORIGIN,
  type SoloCoalition,
} from '#test/helpers/solo-coalition.ts'

let solo: SoloCoalition
let data: string
let again: ServedFolder | undefined
beforeAll(async () => {
  solo = await openSolo()
  data = `--data ${solo.path('server')}`
})
afterAll(async () => {
  await again?.stop()
  await solo.close()
})

async function doctor(): Promise<number> {
  return (await runHere(['doctor', '--data', solo.path('server'), '--json'])).code
}

test('a service key is prepared, named by the charter, and used, while the server runs', async () => {
  const before = readFileSync(solo.path('server/keys/service.asc'), 'utf8')
  const prepared = await accepted(
    solo.dunant('operator', `service-key rotate ${data} --out ${solo.path('service.pub.asc')}`),
  )
  expect(jsonOf(prepared)['isNew']).toBe(true)
  const served = async () => await (await fetch(`${solo.server.url}/keys/service.asc`)).text()
  const old = await served()
  expect(readFileSync(solo.path('service.pub.asc'), 'utf8')).not.toBe(old)
  const amended = await accepted(
    solo.company(`charter amend --service-certificate ${solo.path('service.pub.asc')}`),
  )
  expect(textOf(amended, 'status')).toBe('effective')
  const named = jsonOf(await solo.dunant('company', 'directory show'))
  expect(JSON.stringify(named)).toContain(textOf(prepared, 'service_certificate'))
  expect(await doctor()).toBe(0)
  // The list of a customer's lines is signed by the service, and verified under what the charter names.
  const trust = `--server ${solo.server.url} --origin ${SOLO_ORIGIN} --genesis ${solo.genesis}`
  await accepted(solo.company(`mailbox invite --out ${solo.path('tokens.txt')}`))
  const [token = ''] = readFileSync(solo.path('tokens.txt'), 'utf8').split('\n')
  const enrol = `mailbox enrol --filer ${COMPANY} --invitation ${token} ${trust}`
  await accepted(solo.dunant('customer', enrol))
  await accepted(solo.dunant('customer', 'mailbox list'))
  expect(readFileSync(solo.path('server/keys/service.asc'), 'utf8')).not.toBe(before)
  expect(await served()).not.toBe(old)
  expect(await doctor()).toBe(0)
})

test('a log key is prepared and named by the charter, and the log audits clean', async () => {
  const prepared = await accepted(solo.dunant('operator', `log-signer rotate ${data}`))
  const key = textOf(prepared, 'log_key')
  await accepted(solo.company(`charter amend --log-key ${key}`))
  expect(JSON.stringify(jsonOf(await solo.dunant('company', 'directory show')))).toContain(key)
  expect([0, 6]).toContain((await solo.dunant('company', 'log audit')).code)
  expect(await doctor()).toBe(0)
})

test('an amendment that changes nothing, or names no certificate, is not sent', async () => {
  const nothing = await solo.company('charter amend')
  expect(jsonOf(nothing)['refused']).toBe('nothing-to-do')
  const absent = await solo.company(`charter amend --remove-witness w.example+00000000+AAAA`)
  expect(absent.code).toBe(2)
  writeFileSync(solo.path('quorums.json'), '{"everything": 1}')
  const unknown = await solo.company(`charter amend --quorums ${solo.path('quorums.json')}`)
  expect(unknown.code).toBe(3)
})

test('quorums change alone, and the rest of the charter stays', async () => {
  const before = jsonOf(await solo.dunant('company', 'directory show'))
  writeFileSync(solo.path('quorums.json'), '{"template_members": 2}')
  const amended = await accepted(
    solo.company(`charter amend --quorums ${solo.path('quorums.json')}`),
  )
  expect(textOf(amended, 'status')).toBe('effective')
  const after = jsonOf(await solo.dunant('company', 'directory show'))
  expect(after['log_key']).toEqual(before['log_key'])
  expect(after['head']).not.toEqual(before['head'])
})

test('a template of our own is adopted once its texts are there to be read', async () => {
  const ours = solo.path('ours')
  for (const part of ['kinds', 'en']) {
    cpSync(`templates/${part}/common.json`, join(ours, part, 'common.json'))
    cpSync(`templates/${part}/device.json`, join(ours, part, 'ours.json'))
  }
  const proposed = await accepted(solo.company(`template adopt ours/organisation --from ${ours}`))
  expect(['effective', 'pending']).toContain(textOf(proposed, 'status'))
  const shown = await accepted(solo.company(`party review ${textOf(proposed, 'id')}`))
  expect(shown.out).toContain('ours')
})

test('a new challenge secret voids what was not answered yet, and nothing else', async () => {
  const officer = solo.path('dave.officer.json')
  await accepted(solo.dunant('company', 'key generate dave --name Dave --no-passphrase'))
  await accepted(solo.dunant('company', `challenge answer --key dave --out ${officer}`))
  // A server that runs would go on with the old one.
  expect((await solo.dunant('operator', `challenge-secret rotate ${data}`)).code).toBe(7)
  expect(await solo.server.stop()).toBe(0)
  await accepted(solo.dunant('operator', `challenge-secret rotate ${data}`))
  again = await serveFolder(solo.path('server'))
  const at = `--server ${again.url}`
  const refused = await solo.company(`party officer add ${officer}:reporter ${at}`)
  expect(jsonOf(refused)['refused']).toBe('challenge-wrong')
  const anew = solo.path('dave.anew.json')
  await accepted(solo.dunant('company', `challenge answer --key dave --out ${anew} ${at}`))
  const added = await accepted(solo.company(`party officer add ${anew}:reporter ${at}`))
  expect(textOf(added, 'status')).toBe('effective')
})
