import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseFactsCell } from '#client/facts.ts'
import { formNotice, NOTICE_FORMS, type NoticeForm } from '#client/notice-forms.ts'
import { noticeHtml } from '#client/notice-html.ts'
import { composeEntity } from '#core/entity.ts'
import type { Facts, NoticeStatement } from '#core/notice-statement.ts'
import { noticeTexts } from '#core/notice-text.ts'
import { columns } from '#core/plain-text.ts'
import { templateName } from '#core/template.ts'
import type { Template } from '#wire/assemble-template.ts'
import { fromUtf8 } from '#core/bytes.ts'
import { noticePage } from '#cli/notice-page.ts'
import {
  accountTemplate,
  accountText,
  allTemplates,
  BRIEF,
  FACTS,
  LANGUAGES,
  STATEMENT,
  statements,
} from '#test/helpers/statements.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'

const { seen: _, ...UNSEEN } = FACTS
const CALL_ONLY: Facts = { ...UNSEEN, safety: 'call-only' }
const PHONE = '+41\u00a022\u00a0555\u00a001\u00a002'
/** Marks that only arrange what is around them. */
const MARKS = /[\u200f\u2066-\u2069]/g

function formed(statement: NoticeStatement, form: NoticeForm) {
  const { texts } = accountTemplate()
  const words = accepted(noticeTexts(statement, (language) => texts.get(language)))
  return accepted(formNotice(words, statement, form))
}

/** Every word of a notice, in the order in which a reader meets it. */
function wordsOf(lines: readonly string[]): string {
  return lines.join(' ').replace(MARKS, '').replace(/\s+/g, '')
}

function signedText(statement: NoticeStatement): string {
  const { texts } = accountTemplate()
  const words = accepted(noticeTexts(statement, (language) => texts.get(language)))
  const entity = fromUtf8(accepted(composeEntity(statement, words))) ?? ''
  const [, part = ''] = entity.split('Content-Transfer-Encoding: 8bit\r\n\r\n')
  return part.split('\r\n\r\n--dunant-')[0] ?? ''
}

test.each(LANGUAGES)(
  '%s: the plain form is, byte for byte, the text that is signed',
  (language) => {
    for (const twist of [{}, { facts: CALL_ONLY }, { also: language === 'en' ? 'fr' : 'en' }]) {
      const statement = { ...STATEMENT, language, ...twist }
      expect(formed(statement, 'plain').lines.join('\r\n')).toBe(signedText(statement).trimEnd())
    }
  },
)

test('large print and letters say what is signed, word for word, in lines of 40 and 64 columns', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const signed = wordsOf(formed(statement, 'plain').lines)
      for (const [form, width] of [
        ['large', 40],
        ['letter', 64],
      ] as const) {
        const { lines } = formed(statement, form)
        expect(wordsOf(lines)).toBe(signed)
        expect(lines.filter((line) => columns(line) > width)).toEqual([])
      }
    }),
    { numRuns: 60 },
  )
})

test.each(LANGUAGES)(
  '%s: what is read out has no figure, address or code to stumble over',
  (language) => {
    const { seen: _seen, ...facts } = FACTS
    const content = { ...BRIEF, authority: { told: 'no' as const } }
    const statement = { ...STATEMENT, brief: { ...STATEMENT.brief, content }, facts, language }
    const { lines, notice } = formed(statement, 'aloud')
    expect(lines.filter((line) => /[0-9@/_]|\w\.\w/.test(line))).toEqual([])
    const { aloud } = accountText(language)
    const spoken = wordsOf(lines)
    const inWords = Array.from('64759', (digit) => aloud.digits[Number(digit)]).join('')
    expect(spoken).toContain(inWords.replace(/\s/g, ''))
    expect(spoken).toContain((aloud.years['y2026'] ?? '?').replace(/\s/g, ''))
    expect(spoken).toContain((aloud.days[2] ?? '?').replace(/\s/g, ''))
    expect(notice.blocks.map(({ id }) => id)).toEqual(
      formed(statement, 'plain').notice.blocks.map(({ id }) => id),
    )
  },
)

test.each(LANGUAGES)('%s: hours are said by their own words, not as numbers', (language) => {
  const { aloud } = accountText(language)
  const spoken = wordsOf(formed({ ...STATEMENT, language }, 'aloud').lines)
  for (const hour of [8, 20])
    expect(spoken).toContain((aloud.hours[hour] ?? '?').replace(/\s/g, ''))
})

test('what is read out says every paragraph that is written, in the same order', () => {
  const spoken = formed(STATEMENT, 'aloud').notice.blocks
  const written = formed(STATEMENT, 'plain').notice.blocks
  expect(spoken.map(({ paragraphs }) => paragraphs.length)).toEqual(
    // The check code is read out in digits alone.
    written.map(({ id, paragraphs }) => paragraphs.length - (id === 'check' ? 1 : 0)),
  )
})

test.each(LANGUAGES)(
  '%s: with the safety flag there is nothing to read but a number and its hours',
  (language) => {
    const statement = { ...STATEMENT, facts: CALL_ONLY, language }
    const { lines, notice } = formed(statement, 'plain')
    const { passages } = accountText(language)
    const bare = lines.map((line) => line.replace(MARKS, ''))
    expect(bare.filter((line) => line !== '')).toHaveLength(3)
    expect(bare.join('\n')).toContain(PHONE)
    expect([bare[0]]).toEqual(passages.safety_subject)
    expect(notice.subject).toBe(passages.safety_subject[0])
    const said = bare.join(' ')
    for (const secret of [
      'contoso',
      'coalition',
      'anna',
      STATEMENT.check.slice(0, 4),
      '64759',
      STATEMENT.notice.slice(0, 4),
      'Helpline',
      ...accountText(language).passages.reader,
      ...Object.values(accountText(language).words['asset'] ?? {}),
      ...Object.values(accountText(language).words['actor'] ?? {}),
    ])
      expect(said).not.toContain(secret)
  },
)

test('the safety flag hides every fact: two people with different facts read the same', () => {
  fc.assert(
    fc.property(statements, statements, (one, other) => {
      expect(formed(hidden(one), 'plain').lines).toEqual(formed(hidden(other), 'plain').lines)
    }),
  )
})

/** A statement of which only the number to call is shown. */
function hidden(statement: NoticeStatement): NoticeStatement {
  const { seen: _seen, ...facts } = statement.facts
  const content = { ...statement.brief.content, help: BRIEF.help }
  const brief = { ...statement.brief, content }
  return { ...statement, brief, facts: { ...facts, safety: 'call-only' }, language: 'en' }
}

test('the safety flag is refused with own words, and where there is no number to call', () => {
  const { texts } = accountTemplate()
  const words = accepted(noticeTexts(STATEMENT, (language) => texts.get(language)))
  const withWords = { ...STATEMENT, facts: { ...CALL_ONLY, seen: 'A sign-in.' } }
  expect(composeEntity(withWords, words)).toMatchObject({ refusal: { reason: 'facts-invalid' } })
  const help = BRIEF.help.filter(({ contact }) => contact.kind !== 'phone')
  const brief = { ...STATEMENT.brief, content: { ...BRIEF, help } }
  expect(composeEntity({ ...STATEMENT, brief, facts: CALL_ONLY }, words)).toMatchObject({
    refusal: { detail: 'safety needs a telephone number in the help of the brief' },
  })
})

test('two languages stand one below the other, each in its direction, and in the subject', () => {
  const { lines, notice } = formed({ ...STATEMENT, language: 'ar', also: 'en' }, 'plain')
  const below = lines.indexOf('* * *')
  expect(below).toBeGreaterThan(0)
  expect(lines.slice(0, below).filter((line) => line !== '' && !line.startsWith('\u200f'))).toEqual(
    [expect.stringContaining('English'), ''].filter((line) => line !== ''),
  )
  expect(lines.slice(below).join('\n')).not.toContain('\u200f')
  expect(notice.subject).toMatch(/ \/ Warning from contoso\.example: an attack/)
  expect(notice.also?.blocks.map(({ id }) => id)).toEqual(notice.blocks.map(({ id }) => id))
})

test('a second language that is the first, or that the template lacks, is refused', () => {
  const { texts } = accountTemplate()
  const find = (language: string) => texts.get(language)
  expect(noticeTexts({ language: 'en', also: 'xx' }, find)).toMatchObject({
    refusal: { reason: 'language-missing' },
  })
  const twice = { ...STATEMENT, also: 'en' }
  expect(composeEntity(twice, accepted(noticeTexts(twice, find)))).toMatchObject({
    refusal: { reason: 'notice-malformed' },
  })
})

test('a notice as HTML has language, direction and headings, and nothing that runs, loads, asks or leads away', () => {
  for (const form of NOTICE_FORMS) {
    const statement = { ...STATEMENT, language: 'ar', also: 'en' }
    const html = noticeHtml(formed(statement, form).notice, form === 'large' ? 'large' : 'usual')
    expect(html).toMatch(/^<article class="dunant-notice[^"]*" lang="ar" dir="rtl">/)
    expect(html).toMatch(/<article class="[^"]*dunant-second" lang="en" dir="ltr">/)
    const tags = new Set(Array.from(html.matchAll(/<\/?([a-z0-9]+)/g), ([, tag = '']) => tag))
    expect([...tags].toSorted()).toEqual(
      form === 'aloud'
        ? ['article', 'h1', 'h2', 'p', 'section']
        : ['article', 'h1', 'h2', 'li', 'p', 'section', 'span', 'ul'],
    )
    expect(html).not.toMatch(/\s(?:on[a-z]+|style|href|src|action|id)=/)
    expect(html.match(/<h2>/g)).toHaveLength(24)
  }
})

test('whatever somebody wrote, in HTML it is text', () => {
  const notice = formed(STATEMENT, 'plain').notice
  const hostile = { ...notice, title: '<script>"&\'', issuedTo: '<img onerror=x>' }
  expect(noticeHtml(hostile)).toContain('<h1>&lt;script&gt;&quot;&amp;&#39;</h1>')
  expect(noticeHtml(hostile)).not.toContain('<img')
})

test('a page of notices allows nothing but its own style sheet', () => {
  const page = noticePage([formed(STATEMENT, 'large')], 'large')
  expect(page).toMatch(/default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='"/)
  expect(page).not.toMatch(/<script|<link|https?:|url\(|@import/)
})

/** Words of which every reader of English would think that the writer is hiding something. */
const HEDGES = /\b(?:may|might|possibly|perhaps)\b|no evidence of misuse/i
/** What mail programs and browsers make clickable: a scheme, an at sign, `www`. */
const CLICKABLE = /\b(?:https?|mailto|tel|ftp):|@|\bwww\./i

const PRODUCT = {
  ...STATEMENT.brief,
  content: { ...BRIEF, product: 'Example Reader', methods: ['unknown' as const] },
}

/** The plain text of a notice by any template, with what the template advises in a state. */
function noticeBy(template: Template, of: { readonly language: string; readonly state: string }) {
  const facts = accepted(parseFactsCell(`target_state=${of.state}`, template.manifest))
  const statement = { ...STATEMENT, brief: PRODUCT, facts, language: of.language }
  const texts = accepted(noticeTexts(statement, (language) => template.texts.get(language)))
  return accepted(formNotice(texts, statement, 'plain')).lines
}

test('no notice in any language has anything that a program makes clickable of itself', () => {
  for (const template of allTemplates())
    for (const { state } of template.manifest.advice)
      for (const language of LANGUAGES) {
        const text = noticeBy(template, { language, state }).join('\n')
        // The account stands there as the company spells it, once.
        expect(text.replace('anna@contoso.example', '')).not.toMatch(CLICKABLE)
        if (language === 'en') expect(text).not.toMatch(HEDGES)
      }
})

test('what to do stands on the first screen: blocks 1 to 4 of every English notice take at most 45 lines', () => {
  const tall = allTemplates().flatMap((template) =>
    template.manifest.advice.flatMap(({ state }) => {
      const lines = noticeBy(template, { language: 'en', state })
      const [first = 0, fifth = 0] = ['1. ', '5. '].map((mark) =>
        lines.findIndex((line) => line.startsWith(mark)),
      )
      const height = fifth - 1 - first
      return height > 45 ? [`${templateName(template.manifest)} ${state}: ${String(height)}`] : []
    }),
  )
  expect(tall).toEqual([])
})

test('an attack through a product cannot be told without its name: refused before anything is signed', () => {
  const template = allTemplates().find(({ manifest }) => manifest.kind === 'supply-chain')
  const text = template?.texts.get('en')
  if (text === undefined) throw new Error('there is no such template')
  const content = { ...BRIEF, methods: ['unknown' as const] }
  const facts: Facts = {
    ...UNSEEN,
    asset: 'computer',
    actions_now: ['stop-product'],
    actions_week: [],
  }
  const statement = { ...STATEMENT, brief: { ...STATEMENT.brief, content }, facts }
  expect(composeEntity(statement, text)).toMatchObject({
    refusal: { detail: 'the template asks for product, and nothing says it' },
  })
  const named = {
    ...statement,
    brief: { ...statement.brief, content: { ...content, product: 'Reader 4.2' } },
  }
  expect(composeEntity(named, text).ok).toBe(true)
})
