import { afterAll, beforeAll, expect, test } from 'vitest'
import { composeEnvelope, mailboxLine } from '#client/envelope.ts'
import { type NoticeProof, openEnvelope, type OpenedNotice } from '#client/open-envelope.ts'
import { encryptTo, signEntity } from '#client/openpgp.ts'
import { DUTIES } from '#core/act-bodies.ts'
import { utf8 } from '#core/bytes.ts'
import { templateCommitment } from '#core/commitment.ts'
import type { Result } from '#core/result.ts'
import { formatInstant } from '#core/time.ts'
import {
  addOfficer,
  draftOf,
  expectationOf,
  openStage,
  type Stage,
} from '#test/helpers/envelope-stage.ts'
import { fileLines, openDesk, pathIn, receiptOf } from '#test/helpers/filing.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

let stage: Stage

beforeAll(async () => {
  stage = await openStage()
})
afterAll(async () => {
  await stage.coalition.close()
})

async function genuine(): Promise<Uint8Array> {
  return accepted(await composeEnvelope(draftOf(stage), stage.annaMailbox)).message
}

async function openProven(message: Uint8Array, proof: NoticeProof): Promise<Result<OpenedNotice>> {
  const envelope = { message, mailbox: stage.anna.id, key: stage.anna.key }
  return await openEnvelope(envelope, expectationOf(stage, proof))
}

test('a receipt of another act than a notice proves no notice', async () => {
  const other = await receiptOf(stage.coalition, { api: stage.desk.api, id: await governanceAct() })
  const message = await genuine()
  const path = { count: 1024, index: 0, path: [] }
  const opened = await openProven(message, { receipt: other, path })
  expect(reasonOf(opened)).toBe('notice-filer-wrong')
})

async function governanceAct(): Promise<string> {
  const added = await stage.coalition.submit(
    'officer.change',
    { duties: ['counsel', 'reviewer'], fingerprint: stage.counsel.key.fingerprint },
    stage.contoso,
  )
  return String(added.body['id'])
}

test('a notice by a template that the coalition never adopted is refused', async () => {
  const hash = '44'.repeat(32)
  const template = { hash, salt: stage.desk.plan.salts.template }
  const message = accepted(
    await composeEnvelope(draftOf(stage, { template }), stage.annaMailbox),
  ).message
  const line = mailboxLine(stage.anna.id, message)
  const twist = { template: templateCommitment(template.salt, hash) }
  const other = await fileLines(stage.coalition, stage.desk, { lines: [line], twist })
  const proof = { receipt: await receiptOf(stage.coalition, other), path: pathIn(other, line) }
  const opened = await openProven(message, proof)
  expect(opened).toMatchObject({
    refusal: { reason: 'notice-template-wrong', detail: 'the template is not adopted' },
  })
})

test('a notice whose reporter is retired is refused without a receipt, and holds with one from before', async () => {
  const added = await addOfficer(stage, 'leaver', DUTIES)
  const message = accepted(
    await composeEnvelope(draftOf(stage, {}, added), stage.annaMailbox),
  ).message
  const line = mailboxLine(stage.anna.id, message)
  const before = await fileLines(
    stage.coalition,
    { ...stage.desk, company: added },
    { lines: [line] },
  )
  const retired = await stage.coalition.submit(
    'officer.retire',
    { fingerprint: added.key.fingerprint, reason: 'compromised' },
    stage.contoso,
  )
  expect(retired.status).toBe(201)
  const after = await openDesk(stage.coalition, stage.contoso)
  const envelope = { message, mailbox: stage.anna.id, key: stage.anna.key }
  const unproven = { ...expectationOf(stage), directory: after.replay.directory }
  expect(reasonOf(await openEnvelope(envelope, unproven))).toBe('notice-signer-wrong')
  const proof = {
    receipt: await receiptOf(stage.coalition, { ...before, api: after.api }),
    path: pathIn(before, line),
  }
  const opened = accepted(await openEnvelope(envelope, { ...unproven, proof }))
  expect(opened.marks).toEqual(['signer-compromised'])
})

test('a joint notice that still waits for its supports is not shown as filed', async () => {
  const opened = await stage.coalition.submit('campaign.open', await campaignBody(), stage.contoso)
  const campaign = String(opened.body['id'])
  const message = await genuine()
  const line = mailboxLine(stage.anna.id, message)
  const until = formatInstant(stage.coalition.clock.now() + 3600)
  const waiting = await fileLines(stage.coalition, stage.desk, {
    lines: [line],
    twist: { campaign, brief_message: await briefMessage(), joint: { required: 1, until } },
  })
  const proof = { receipt: await receiptOf(stage.coalition, waiting), path: pathIn(waiting, line) }
  const shown = await openProven(message, proof)
  expect(reasonOf(shown)).toBe('receipt-not-logged')
})

async function campaignBody(): Promise<{ invited: string[]; label: string }> {
  return { invited: ['fabrikam.example'], label: await briefMessage() }
}

/** Anything that the parties of the campaign can decrypt. */
async function briefMessage(): Promise<string> {
  const signed = await signEntity(
    stage.contoso.key,
    utf8('Content-Type: text/plain\r\n\r\nbrief'),
    {
      at: stage.desk.plan.at,
    },
  )
  return accepted(
    await stage.desk.api.uploadBrief(
      await encryptTo(stage.fabrikam.certificateBytes, signed, { at: stage.desk.plan.at }),
    ),
  )
}
