import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseFactsCell } from '#client/facts.ts'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import type { Brief, Facts, NoticeStatement } from '#core/notice-statement.ts'
import { type RenderedNotice, renderNotice } from '#core/notice-text.ts'
import {
  ACTIONS,
  ACTOR_CATEGORIES,
  ASSETS,
  AUTHORITY_TOLD,
  CONFIDENCES,
  HELP_DAYS,
  HELP_KINDS,
  HOLD_REASONS,
  type Method,
  METHODS,
  OBJECTIVES,
  ONGOING,
  REPORTING_LAWS,
  SOUGHT,
  TARGET_STATES,
  TOLD_OTHERS,
} from '#core/notice-vocabulary.ts'
import { columns } from '#core/plain-text.ts'
import { BLOCKS, type TemplateText, wordKey } from '#core/template.ts'
import {
  accountText,
  allTemplates,
  BRIEF,
  FACTS,
  LANGUAGES,
  STATEMENT,
  statements,
} from '#test/helpers/statements.ts'

const BLOCKED: Facts = {
  actions_now: ['review-sign-ins', 'change-password'],
  actions_week: ['second-factor', 'strongest-protection', 'update-devices'],
  asset: 'account',
  sought: ['unknown'],
  target_state: 'targeted-blocked',
}
const SPARSE: Brief = {
  actor_category: 'undetermined',
  authority: { told: 'not-said' },
  confidence: 'low',
  detected_on: '2026-12-01',
  help: BRIEF.help.filter(({ kind }) => kind === 'member'),
  methods: ['unknown'],
  next_update: '2026-12-15',
  objective: 'unknown',
  ongoing: 'yes',
  told_others: [],
  v: 1,
  window_from: '2026-12-01',
}
const MAILBOX = { fingerprint: '89abcdef'.repeat(5), mailbox: 'abcdefghijklmnopqrstuvwxyz234567' }

/** The notices whose whole text is kept for people to read, by the name of their file. */
const KEPT: Readonly<Record<string, Partial<NoticeStatement>>> = {
  access: {},
  correction: { kind: 'correction', supersedes: '00112233445566778899aabbccddeeff' },
  sparse: { brief: { content: SPARSE, salt: '44'.repeat(32) }, facts: BLOCKED, to: MAILBOX },
  withdrawal: { kind: 'withdrawal', supersedes: '00112233445566778899aabbccddeeff' },
}

/** How each kind of attack usually works, for the notices that are kept. */
const METHOD_OF: Readonly<Record<string, Method>> = {
  account: 'stolen-password',
  device: 'spyware',
  infrastructure: 'software-flaw',
  organisation: 'stolen-session',
  phishing: 'credential-phishing',
  'supply-chain': 'poisoned-update',
}
const PRODUCT_OF: Readonly<Record<string, Partial<Brief>>> = {
  'supply-chain': { product: 'Example Reader 4.2' },
}

/** Values that stand for "we do not know" or for a sentence of their own, and so need no word in their table. */
const WORDLESS = ['method.unknown', 'objective.unknown', 'sought.unknown']

const TABLES: Readonly<Record<string, readonly string[]>> = {
  actor: ACTOR_CATEGORIES,
  actor_category: ACTOR_CATEGORIES,
  asset: ASSETS,
  authority: AUTHORITY_TOLD,
  confidence: CONFIDENCES,
  help_days: HELP_DAYS,
  help_kind: HELP_KINDS,
  hold_reason: HOLD_REASONS,
  law: REPORTING_LAWS,
  method: METHODS,
  objective: OBJECTIVES,
  ongoing: ONGOING,
  sought: SOUGHT,
  summary: TARGET_STATES,
  target_state: TARGET_STATES,
  told_others: TOLD_OTHERS,
}

function rendered(
  statement: NoticeStatement,
  text = accountText(statement.language),
): RenderedNotice {
  const notice = renderNotice(text, statement)
  if (!notice.ok) throw new Error(JSON.stringify(notice.refusal))
  return notice.value
}

function textOf(notice: RenderedNotice, id: string): string {
  return (notice.blocks.find((block) => block.id === id)?.paragraphs ?? [])
    .map(({ text }) => text)
    .join('\n')
}

for (const language of LANGUAGES) {
  for (const [name, change] of Object.entries(KEPT)) {
    test(`the notice "${name}" reads in ${language} as it is kept`, async () => {
      const { lines } = rendered({ ...STATEMENT, ...change, language })
      const path = `../vectors/notices/account-${language}-${name}.txt`
      await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(path)
    })
  }

  test(`every value of every closed list has words in ${language} in some template`, () => {
    const texts = allTemplates().map((template) => template.texts.get(language))
    const wordless = Object.entries(TABLES).flatMap(([table, values]) =>
      values
        .filter((value) =>
          texts.every((text) => text?.words[table]?.[wordKey(value)] === undefined),
        )
        .map((value) => `${table}.${value}`),
    )
    expect(wordless).toEqual(WORDLESS)
    const actions = new Set(texts.flatMap((text) => Object.keys(text?.actions ?? {})))
    expect([...actions].toSorted()).toEqual(ACTIONS.map(wordKey).toSorted())
    for (const text of texts)
      expect(Object.keys(text?.subjects ?? {})).toEqual([...NOTICE_KINDS].toSorted())
  })
}

for (const template of allTemplates()) {
  const { audience, kind } = template.manifest
  const name = `${kind}-en-${audience}`
  test(`the notice "${name}" reads as it is kept`, async () => {
    const facts = parseFactsCell('target_state=access-confirmed', template.manifest)
    const text = template.texts.get('en')
    if (!facts.ok || text === undefined) throw new Error('there is no such notice')
    const { method_plain: _plain, ...content } = BRIEF
    const methods = [METHOD_OF[kind] ?? 'unknown']
    const brief = { ...STATEMENT.brief, content: { ...content, methods, ...PRODUCT_OF[kind] } }
    const { lines } = rendered({ ...STATEMENT, brief, facts: facts.value }, text)
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`../vectors/notices/${name}.txt`)
  })
}

test('shows the twelve blocks in their order, each with a heading and something to read', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const { blocks } = rendered({ ...statement, kind: 'first' })
      expect(blocks.map(({ id }) => id)).toEqual(BLOCKS)
      expect(blocks.every(({ paragraphs }) => paragraphs.length > 0)).toBe(true)
      expect(blocks.every(({ paragraphs }) => paragraphs.every(({ text }) => text !== ''))).toBe(
        true,
      )
    }),
  )
})

test('fills every placeholder and keeps every line within 76 columns', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const own = new Set([statement.facts.seen, statement.brief.content.method_plain])
      const { lines } = rendered(statement)
      expect(lines.filter((line) => columns(line) > 76)).toEqual([])
      if (!own.has('{filer}')) expect(lines.join('\n')).not.toMatch(/[{}]|undefined/)
    }),
  )
})

test('says the same for the same statement', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      expect(rendered(structuredClone(statement))).toEqual(rendered(statement))
    }),
  )
})

test('whatever one field of the facts or the brief says, the reader can see it', () => {
  const start = { ...STATEMENT, brief: { ...STATEMENT.brief, content: withoutWindow(BRIEF) } }
  fc.assert(
    fc.property(statements, fc.nat(), (other, pick) => {
      const changes = [
        ...Object.entries(other.facts)
          // A last day without a first one is refused before anything is rendered.
          .filter(([field]) => field !== 'window_to')
          .map((entry) => ({ facts: { ...FACTS, ...pair(entry) } })),
        ...Object.entries(other.brief.content).map((entry) => ({
          brief: { ...start.brief, content: { ...start.brief.content, ...pair(entry) } },
        })),
      ]
      const changed = { ...start, ...changes[pick % changes.length] }
      const isSame = JSON.stringify(changed) === JSON.stringify(start)
      expect(rendered(changed).lines.join() === rendered(start).lines.join()).toBe(isSame)
    }),
    { numRuns: 300 },
  )
})

test('a withdrawn notice accuses nobody and asks for nothing', () => {
  const { blocks, lines } = rendered({ ...STATEMENT, ...KEPT['withdrawal'] })
  expect(blocks.map(({ id }) => id)).toEqual(['summary', 'help', 'check', 'next'])
  expect(lines.join(' ')).not.toContain(
    accountText('en').words['actor_category']?.['state_linked_suspected'],
  )
  expect(lines.join(' ')).not.toContain('Change the password')
})

test('what the facts say of the days goes before what the brief says', () => {
  const facts = { ...FACTS, window_from: '2026-11-07', window_to: '2026-11-08' }
  const own = textOf(rendered({ ...STATEMENT, facts }), 'window')
  expect(own).toContain('First trace: 7\u00a0November 2026. Last trace: 8\u00a0November 2026.')
  expect(own).not.toContain('18\u00a0November')
})

test('the first of a month is written as French writes it', () => {
  const { blocks } = rendered({ ...STATEMENT, language: 'fr' })
  expect(JSON.stringify(blocks)).toContain('le 1er\u00a0décembre 2026')
})

test('a company’s own words stay its own: a placeholder or a quotation mark in them is text', () => {
  const facts = { ...FACTS, seen: '{origin} {filer}' }
  expect(textOf(rendered({ ...STATEMENT, facts }), 'knowledge')).toContain('“{origin} {filer}”')
})

test('the same sentence about authorities is used whatever there is to hide', () => {
  const content: Brief = { ...BRIEF, authority: { told: 'not-said' } }
  const told = textOf(rendered({ ...STATEMENT, brief: { ...STATEMENT.brief, content } }), 'told')
  expect(told).toContain('This sentence means neither yes nor no.')
})

test('refuses a text in another language than the statement', () => {
  expect(renderNotice(accountText('fr'), STATEMENT)).toMatchObject({
    refusal: { reason: 'language-missing' },
  })
})

test('refuses a value that the template has no words for, and never leaves a gap', () => {
  const text = accountText('en')
  for (const [table, value] of [
    ['target_state', 'access_confirmed'],
    ['asset', 'email_account'],
    ['sought', 'sources'],
    ['law', 'nis2_article_23'],
  ] as const) {
    const words = { ...text.words, [table]: without(text.words[table], value) }
    expect(renderNotice({ ...text, words }, STATEMENT)).toMatchObject({
      refusal: { detail: `the template lacks words for ${value}`, reason: 'facts-invalid' },
    })
  }
})

test('a text that is written from right to left keeps Latin values apart from the sentence', () => {
  const text: TemplateText = { ...accountText('en'), direction: 'rtl' }
  expect(rendered(STATEMENT, text).subject).toContain('\u2068contoso.example\u2069')
  expect(rendered(STATEMENT).subject).not.toContain('\u2068')
})

test('in a text from right to left a date runs as the text does, though it begins with a number', () => {
  const { blocks } = rendered({ ...STATEMENT, language: 'ar' })
  expect(JSON.stringify(blocks)).toContain(
    '\u2067\u20683\u2069\u00a0\u2067نوفمبر (تشرين الثاني)\u2069 \u20682026\u2069\u2069',
  )
})

test('each line of a text from right to left says so to programs that show plain text', () => {
  const { lines } = rendered({ ...STATEMENT, language: 'ar' })
  expect(lines.filter((line) => line !== '' && !/^\u200f\u2067.+\u2069$/.test(line))).toEqual([])
  for (const line of lines) {
    expect(line.match(/[\u2067\u2068]/g)?.length).toBe(line.match(/\u2069/g)?.length)
  }
})

function without(
  words: Readonly<Record<string, string>> = {},
  key: string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(words).filter(([name]) => name !== key))
}

function pair([key, value]: readonly [string, unknown]): Record<string, unknown> {
  return { [key]: value }
}

function withoutWindow(brief: Brief): Brief {
  const { window_to: _, ...rest } = brief
  return rest
}
