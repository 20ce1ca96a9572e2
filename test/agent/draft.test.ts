import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgentRefusal } from '#client/agent.ts'
import { changeNotice } from '#agent/notice-record.ts'
import type { LocalEvent } from '#wire/agent.ts'
import { type LocalAgent, openLocalAgent } from '#test/helpers/local-agent.ts'
import { BRIEF } from '#test/helpers/statements.ts'

let local: LocalAgent
beforeEach(async () => {
  local = await openLocalAgent()
  await local.client().draft('spring', { matter: 'case-1', brief: BRIEF })
})
afterEach(async () => {
  await local.close()
})

const ANNA: LocalEvent = { notice: 'spring', account: 'anna@mail.example', language: 'en' }

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    if (error instanceof AgentRefusal) return error.problem.type.replace('urn:dunant:agent:', '')
    throw error
  }
  return 'none'
}

test('batches are taken only where the recipients are told that they waited, and why', async () => {
  const client = local.client()
  const batches = { size: 100, minutes: 60 }
  const draft = async (brief: typeof BRIEF) =>
    await refusal(client.draft('many', { matter: 'case-1', brief, batches }))
  expect(await draft(BRIEF)).toBe('batches-unjustified')
  expect(await draft({ ...BRIEF, hold_reason: 'verifying' })).toBe('batches-unjustified')
  expect(await draft({ ...BRIEF, hold_reason: 'protecting-detection' })).toBe('none')
})

test('a notice that was refused is drafted anew, and one whose time ran out is not', async () => {
  const client = local.client()
  await client.report('e1', ANNA)
  const fail = async (state: { act?: string; refused: { reason: string } }) => {
    await changeNotice(local.agent, 'spring', () => ({ phase: 'failed', state }))
    return (await client.standing('spring')).refused
  }
  expect(await fail({ refused: { reason: 'template-unknown' } })).toMatchObject({
    next: 'draft-anew',
  })
  expect(await refusal(client.report('e2', { ...ANNA, account: 'ben' }))).toBe('notice-closed')
  await client.draft('spring', { matter: 'case-1', brief: BRIEF })
  expect(await client.standing('spring')).toMatchObject({ phase: 'draft', refused: null })
  await client.report('e2', { ...ANNA, account: 'ben' })
  expect(await fail({ act: 'ab'.repeat(32), refused: { reason: 'act-lapsed' } })).toMatchObject({
    next: 'another-notice',
  })
  const again = client.draft('spring', { matter: 'case-1', brief: BRIEF })
  await expect(again).rejects.toThrow('another name')
  await expect(client.file('spring')).rejects.toThrow('another name')
})
