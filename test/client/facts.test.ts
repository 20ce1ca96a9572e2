import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseFactsCell } from '#client/facts.ts'
import type { Json } from '#core/canonical-json.ts'
import type { Brief } from '#core/notice-statement.ts'
import { plainTextFault } from '#core/plain-text.ts'
import {
  accountTemplate,
  allTemplates,
  BRIEF,
  briefs,
  FACTS,
  facts,
  STATEMENT,
  statements,
} from '#test/helpers/statements.ts'
import { parseBrief, parseFacts, parseStatement } from '#wire/notice.ts'

const ACCOUNT = accountTemplate().manifest

const DEFAULTS = {
  actions_now: ['change-password', 'sign-out-everywhere', 'check-settings'],
  actions_week: ['second-factor', 'strongest-protection', 'update-devices'],
  asset: 'account',
  sought: ['unknown'],
  target_state: 'targeted-outcome-unknown',
}

function read(cell: string): unknown {
  const parsed = parseFactsCell(cell, ACCOUNT)
  return parsed.ok ? parsed.value : parsed.refusal
}

/** The reason for which a cell is refused; a cell that is accepted has none. */
function reasonOf(cell: string): string | undefined {
  const parsed = parseFactsCell(cell, ACCOUNT)
  if (parsed.ok) return undefined
  expect(parsed.refusal.reason).toBe('facts-invalid')
  return parsed.refusal.detail
}

test('an empty cell gives what a filer can stand by without saying anything', () => {
  for (const cell of ['', '  ', '{}', '\n']) expect(read(cell)).toEqual(DEFAULTS)
})

test('a plain sentence is what the company saw', () => {
  expect(read(' Two sign-ins\r\n  from abroad. ')).toEqual({
    ...DEFAULTS,
    seen: 'Two sign-ins from abroad.',
  })
})

test('pairs and JSON say the same', () => {
  const expected = {
    actions_now: ['change-password', 'sign-out-everywhere', 'check-settings'],
    actions_week: ['ask-for-help', 'keep-evidence', 'second-factor', 'warn-contacts'],
    asset: 'email-account',
    seen: 'a=b at 10:30',
    sought: ['messages', 'sources'],
    target_state: 'access-confirmed',
    window_from: '2026-11-03',
  }
  const pairs =
    'target_state=access-confirmed; asset = email-account;sought=messages, sources;seen=a=b  at 10:30; window_from=2026-11-03;'
  const json =
    '{"target_state":"access-confirmed","asset":"email-account","sought":["messages","sources"],"seen":"a=b at 10:30","window_from":"2026-11-03"}'
  expect(read(pairs)).toEqual(expected)
  expect(read(json)).toEqual(expected)
})

test('actions follow from the state unless the filer names its own', () => {
  for (const { now, state, week } of ACCOUNT.advice) {
    expect(read(`target_state=${state}`)).toMatchObject({ actions_now: now, actions_week: week })
  }
  expect(read('actions_now=second-factor')).toMatchObject({
    actions_now: ['second-factor'],
    actions_week: ['strongest-protection', 'update-devices'],
  })
  expect(read('actions_week=change-password')).toMatchObject({
    actions_now: ['sign-out-everywhere', 'check-settings'],
    actions_week: ['change-password'],
  })
  expect(read('actions_week=')).toMatchObject({ actions_week: [] })
})

test('every template advises in every state that it has words for, and says what was attacked', () => {
  for (const { manifest } of allTemplates()) {
    for (const { now, state, week } of manifest.advice) {
      expect(parseFactsCell(`target_state=${state}`, manifest)).toMatchObject({
        ok: true,
        value: { actions_now: now, actions_week: week, asset: manifest.default_asset },
      })
    }
    expect(manifest.advice.map(({ state }) => state).toSorted()).toEqual(
      manifest.fields['target_state'],
    )
  }
})

test('what the template has no words for is refused at the row, with what it has', () => {
  expect(reasonOf('asset=phone')).toMatch(
    /^the template account\/person has no asset phone, only account,/,
  )
  expect(reasonOf('target_state=attempt-reached-device')).toMatch(/no target_state attempt-/)
  expect(reasonOf('actions_now=save-logs')).toMatch(/no action save-logs/)
})

test('whatever facts there are, their JSON in a cell gives them back', () => {
  fc.assert(
    fc.property(facts, (given) => {
      expect(read(JSON.stringify(given))).toEqual(given)
    }),
  )
})

test('a link or an address in any form is refused, with the reason', () => {
  const links = [
    'See https://evil.example now',
    'See evil.example now',
    'see WWW example',
    'write to anna@contoso',
    'mailto:anna',
    'javascript:alert(1)',
    '//evil',
    'A file invoice.docx arrived',
    'a.б.рф',
    'evil。com',
    'xn--e1afmkfd.xn--p1ai',
  ]
  expect(links.filter((link) => reasonOf(link)?.includes('nothing to follow') !== true)).toEqual([])
  expect(links.filter((link) => reasonOf(JSON.stringify({ seen: link })) === undefined)).toEqual([])
})

test('ordinary sentences with dots, digits and colons are not mistaken for links', () => {
  const sentences = [
    'At 10:30 on 3.11.2026, 3.5 times.',
    'From 192.0.2.7, in the U.S. (e.g. at night)...',
    'Note: it happened twice. Then it stopped.',
    'Deux connexions\u00a0: l’une à 8h30, l’autre à 9h.',
    '两次登录。然后停止了。',
    'دخولان من بلد آخر.',
    'Er sagte: "nein". Dann ja!',
  ]
  expect(sentences.filter((sentence) => reasonOf(sentence) !== undefined)).toEqual([])
})

test('what hides, reorders or leaves its quotation marks is refused', () => {
  const hidden = [
    'a\u0000b',
    'a\u202eb',
    'a\u2066b',
    'a\u{e0041}b',
    'a<b>',
    'a {filer}',
    'a” b',
    '« a »',
  ]
  const reasons = hidden.map((text) => plainTextFault(text))
  expect(reasons.filter((reason) => reason === undefined)).toEqual([])
  expect(plainTextFault('\ud800')).toBeDefined()
  expect(plainTextFault(' a')).toBeDefined()
  expect(plainTextFault('')).toBeDefined()
})

test('a sentence has at most 280 characters, counted as a reader counts', () => {
  expect(reasonOf('\u{1f512}'.repeat(280))).toBeUndefined()
  expect(reasonOf('x'.repeat(281))).toContain('more than 280 characters')
  expect(reasonOf('x'.repeat(5000))).toContain('more than 4096 characters')
})

test('cells that say something wrong are refused, with the field', () => {
  const wrong: Record<string, string> = {
    '{"seen":': 'begins like a JSON object and is none',
    '{"note":"x"}': 'the whole: unrecognized_keys',
    '{"sought":"messages"}': 'sought: invalid_type',
    'asset=boat': 'asset: invalid_value',
    'note=x': 'fields are asset',
    'seen=a; and more': 'fields are asset',
    'asset=phone; asset=phone': 'asset stands there twice',
    'sought=messages,messages': 'sought names something twice',
    'sought=unknown,messages': 'what was sought is unknown or it is named',
    'target_state=hacked': 'target_state: invalid_value',
    'window_from=2026-02-30': 'window_from is not a day that exists',
    'window_to=2026-02-03': 'window_to without window_from',
    'window_from=2026-02-03;window_to=2026-02-02': 'window_to lies before window_from',
    'actions_now=change-password,check-device,keep-evidence,ask-for-help': 'actions_now: too_big',
    'actions_now=change-password;actions_week=change-password': 'actions names something twice',
  }
  const told = Object.entries(wrong).filter(
    ([cell, reason]) => reasonOf(cell)?.includes(reason) !== true,
  )
  expect(told.map(([cell]) => [cell, reasonOf(cell)])).toEqual([])
})

test('refusals never quote what was written', () => {
  const secret = 'planted'
  const cells = [
    `{"${secret}":1}`,
    `asset=${secret}`,
    `${secret}=1`,
    `https://${secret}`,
    `{"seen":["${secret}"]}`,
    `{${secret}`,
  ]
  expect(cells.filter((cell) => reasonOf(cell)?.includes(secret) !== false)).toEqual([])
})

test('every brief and statement that may be filed is read back as it is', () => {
  fc.assert(
    fc.property(briefs, (brief) => {
      expect(parseBrief(brief)).toEqual({ ok: true, value: brief })
    }),
  )
  fc.assert(
    fc.property(statements, (statement) => {
      expect(parseStatement(statement)).toEqual({ ok: true, value: statement })
    }),
  )
})

test('briefs against the rules are refused', () => {
  const { window_to: _, ...open } = BRIEF
  const [partner, member] = BRIEF.help
  const hours = { days: 'weekdays', from: '18:00', to: '09:00', zone: 'UTC' }
  const wrong: Record<string, Json> = {
    'a field more': { ...BRIEF, country: 'x' },
    'a law without a report': { ...BRIEF, authority: { law: 'hipaa', told: 'no' } },
    'a link in a name': { ...BRIEF, help: [{ ...partner, name: 'help.example' }, { ...member }] },
    'a link in the method': { ...BRIEF, method_plain: 'Look at https://x.example' },
    'a web address with a scheme': {
      ...BRIEF,
      help: [{ ...member, contact: { kind: 'web', value: 'https://x.example' } }],
    },
    'a web address that becomes a link': {
      ...BRIEF,
      help: [{ ...member, contact: { kind: 'web', value: 'www.x.example' } }],
    },
    'an end before the beginning': { ...BRIEF, window_from: '2026-12-01' },
    'an ended attack without an end': { ...open, ongoing: 'no' },
    'another version': { ...BRIEF, v: 2 },
    'hours that end before they begin': { ...BRIEF, help: [{ ...member, hours }] },
    'methods unknown and named': { ...BRIEF, methods: ['unknown', 'spyware'] },
    'news before the attack was noticed': { ...BRIEF, next_update: '2026-11-19' },
    'no help': { ...BRIEF, help: [] },
    'no help from the filer': { ...BRIEF, help: [{ ...partner }] },
    'one kind of help twice': { ...BRIEF, help: [{ ...member }, { ...member }] },
    'the same method twice': { ...BRIEF, methods: ['spyware', 'spyware'] },
    'two thousand methods': { ...BRIEF, methods: Array<string>(2000).fill('spyware') },
    null: null,
  }
  const accepted = Object.entries(wrong).filter(([, json]) => {
    const parsed = parseBrief(json)
    return parsed.ok || parsed.refusal.reason !== 'brief-invalid'
  })
  expect(accepted.map(([name]) => name)).toEqual([])
  const isRead: Brief = BRIEF
  expect(parseBrief(isRead).ok).toBe(true)
})

test('statements that name nobody, two recipients, or an account by another spelling are refused', () => {
  const mailbox = { fingerprint: 'ab'.repeat(20), mailbox: 'a'.repeat(32) }
  const wrong: Json[] = [
    { ...STATEMENT, to: {} },
    { ...STATEMENT, to: { ...mailbox, account: 'anna' } },
    { ...STATEMENT, to: { ...mailbox, mailbox: 'A'.repeat(32) } },
    { ...STATEMENT, to: { account: 'Anna' } },
    { ...STATEMENT, to: { account: '' } },
    { ...STATEMENT, filer: 'Contoso' },
    { ...STATEMENT, supersedes: STATEMENT.notice },
    { ...STATEMENT, kind: 'follow_up' },
    { ...STATEMENT, note: 1 },
  ]
  expect(wrong.filter((json) => parseStatement(json).ok)).toEqual([])
  expect(parseStatement({ ...STATEMENT, to: mailbox }).ok).toBe(true)
  expect(parseFacts(FACTS).ok).toBe(true)
})
