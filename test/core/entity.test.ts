import * as fc from 'fast-check'
import { type Attachment, simpleParser } from 'mailparser'
import { expect, test } from 'vitest'
import { concat, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import {
  briefCommitment,
  lineCommitment,
  normaliseAccount,
  templateCommitment,
} from '#core/commitment.ts'
import { checkEntity, composeEntity, ENTITY_BUCKETS, readEntity } from '#core/entity.ts'
import { sha256, sha256Hex } from '#core/hash.ts'
import type { NoticeStatement } from '#core/notice-statement.ts'
import { renderNotice } from '#core/notice-text.ts'
import type { Result } from '#core/result.ts'
import {
  accountTemplate,
  accountText,
  BRIEF,
  FACTS,
  STATEMENT,
  statements,
} from '#test/helpers/statements.ts'
import { parseStatement } from '#wire/notice.ts'

const FRENCH: NoticeStatement = { ...STATEMENT, language: 'fr' }

function composed(statement: NoticeStatement): Uint8Array {
  const entity = composeEntity(statement, accountText(statement.language))
  if (!entity.ok) throw new Error(JSON.stringify(entity.refusal))
  return entity.value
}

/** What a recipient's client does with an entity once its signature is good. */
function opened(bytes: Uint8Array): Result<NoticeStatement> {
  const json = readEntity(bytes)
  if (!json.ok) return json
  const statement = parseStatement(json.value)
  if (!statement.ok) return statement
  return checkEntity(bytes, statement.value, accountText(statement.value.language))
}

function textOf(bytes: Uint8Array): string {
  return fromUtf8(bytes) ?? ''
}

/** The statement of an entity as it stands in it, with all that follows. */
function statementOf(bytes: Uint8Array): string {
  return textOf(bytes).split('base64\r\n\r\n')[1] ?? ''
}

/** The entity with a part of its text replaced, and its padding cut so that the size stays in its bucket. */
function forged(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const text = textOf(bytes).replace(from, to)
  const longer = utf8(text).length - bytes.length
  return longer > 0
    ? utf8(text).subarray(0, bytes.length)
    : concat(utf8(text), new Uint8Array(-longer).fill(0x20))
}

test('what was composed opens as the same statement', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      expect(opened(composed(statement))).toEqual({ ok: true, value: statement })
    }),
    { numRuns: 200 },
  )
})

test('no byte can be changed, but for salts and the template hash, which the act commits to', () => {
  const entity = composed(FRENCH)
  const edges = [0, 1, 13, 50, entity.length - 1, entity.length - 2, entity.length - 80]
  const position = fc.oneof(fc.nat(entity.length - 1), fc.nat(600), fc.constantFrom(...edges))
  fc.assert(
    fc.property(position, fc.integer({ max: 255, min: 1 }), (at, flip) => {
      const changed = Uint8Array.from(entity)
      changed[at] = (changed[at] ?? 0) ^ flip
      const result = opened(changed)
      if (!result.ok) return
      // Another salt or hash makes another statement with the same text; its commitments are no longer those of the act.
      const { brief, template } = result.value
      expect([brief.salt, template]).not.toEqual([FRENCH.brief.salt, FRENCH.template])
      expect({ ...result.value, brief: FRENCH.brief, template: FRENCH.template }).toEqual(FRENCH)
      expect(brief.content).toEqual(FRENCH.brief.content)
    }),
    { numRuns: 3000 },
  )
})

test('nothing can be added, left out, or said twice', () => {
  const entity = composed(STATEMENT)
  const boundary = `--dunant-${STATEMENT.notice}`
  const part = `${boundary}\r\nContent-Type: text/html\r\n\r\n<a href="https://x.example">\r\n`
  const json = textOf(entity).split('base64\r\n\r\n')[1]?.split(`\r\n${boundary}--`)[0] ?? ''
  const forgeries = {
    'a longer bucket': concat(entity, new Uint8Array(entity.length).fill(0x20)),
    'a part between the two': forged(
      entity,
      `\r\n${boundary}\r\nContent-Type: app`,
      `\r\n${part}${boundary}\r\nContent-Type: app`,
    ),
    'a part in the padding': forged(entity, `${boundary}--\r\n`, `${boundary}--\r\n\r\n${part}`),
    'a sentence more in the text': forged(entity, 'What to do now', 'Write to us. What to do now'),
    'another action in the text': forged(entity, 'Change the password', 'Send us the password'),
    'another header': forged(entity, 'HP-Outer:', 'X-Note: x\r\nHP-Outer:'),
    'another subject': forged(entity, 'Subject: Warning', 'Subject: Hearing'),
    'cut off': entity.subarray(0, 4096),
    'LF line ends': utf8(textOf(entity).replaceAll('\r\n', '\n').padEnd(entity.length)),
    'no statement': forged(entity, json, ''),
    nothing: new Uint8Array(),
    'other words in the padding': forged(entity, `${boundary}--\r\n`, `${boundary}--\r\nhello`),
    'text that is not UTF-8': Uint8Array.from(entity).fill(0xff, 900, 901),
    'the statement folded elsewhere': forged(entity, json, json.replaceAll('\r\n', '')),
    'the statement twice': forged(
      entity,
      json,
      `${json}\r\n${boundary}\r\nContent-Type: application/vnd.dunant.notice+json\r\nContent-Transfer-Encoding: base64\r\n\r\n${json}`,
    ),
    zeros: new Uint8Array(8192),
  }
  expect(
    Object.entries(forgeries)
      .filter(([, bytes]) => opened(bytes).ok)
      .map(([name]) => name),
  ).toEqual([])
})

test('a statement that says other things than the text is refused', () => {
  const entity = composed(STATEMENT)
  const other = composed({ ...STATEMENT, facts: { ...FACTS, target_state: 'targeted-blocked' } })
  const spliced = forged(entity, statementOf(entity), statementOf(other)).subarray(0, entity.length)
  expect(opened(spliced)).toMatchObject({ refusal: { reason: 'notice-text-wrong' } })
})

test('sizes come from the buckets alone, and the padding is spaces and line ends', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const entity = composed(statement)
      expect(ENTITY_BUCKETS).toContain(entity.length)
      const [, padding = 'none'] = textOf(entity).split(`\r\n--dunant-${statement.notice}--\r\n`)
      expect(padding).toMatch(/^ ?(?: {0,76}\r\n)*$/)
    }),
  )
})

test('notices that differ in a sentence have the same length', () => {
  const { seen: _, ...silent } = FACTS
  expect(composed({ ...STATEMENT, facts: silent }).length).toBe(composed(STATEMENT).length)
})

test('begins with its content type, so that nothing else can be signed as a notice', () => {
  expect(textOf(composed(STATEMENT)).split('\r\n').slice(0, 4)).toEqual([
    'Content-Type: multipart/alternative;',
    ` boundary="dunant-${STATEMENT.notice}"; protected-headers="v1"; hp="cipher"`,
    'Subject: Warning from contoso.example: an attack on your e-mail account',
    'HP-Outer: Subject: [...]',
  ])
})

test('a mail program shows the French subject, the text, and offers the statement', async () => {
  const mail = await simpleParser(Buffer.from(composed(FRENCH)))
  const rendered = renderNotice(accountText('fr'), FRENCH)
  if (!rendered.ok) throw new Error(rendered.refusal.reason)
  expect(mail.subject).toBe(
    'Avertissement de contoso.example\u00a0: une attaque contre votre compte de courriel',
  )
  expect(mail.text?.replaceAll('\r\n', '\n').trimEnd()).toBe(rendered.value.lines.join('\n'))
  expect(mail.html).toBe(false)
  const [statement]: (Attachment | undefined)[] = mail.attachments
  expect(mail.attachments).toHaveLength(1)
  expect(statement?.contentType).toBe('application/vnd.dunant.notice+json')
  expect(statement?.content.equals(Buffer.from(canonicalJson(FRENCH)))).toBe(true)
})

test('the head is ASCII, and no line anywhere is longer than a mail line', () => {
  fc.assert(
    fc.property(statements, (statement) => {
      const lines = textOf(composed(statement)).split('\r\n')
      expect(lines.slice(0, lines.indexOf('')).join('')).toMatch(/^[\x20-\x7e]*$/)
      expect(lines.filter((line) => utf8(line).length > 998)).toEqual([])
      expect(lines.slice(0, lines.indexOf('')).filter((line) => line.length > 100)).toEqual([])
    }),
  )
})

test('a sentence that would begin a line with a boundary is refused', () => {
  const seen = `${'x'.repeat(75)} --dunant-${STATEMENT.notice}`
  expect(
    composeEntity({ ...STATEMENT, facts: { ...FACTS, seen } }, accountText('en')),
  ).toMatchObject({
    refusal: { reason: 'notice-text-wrong' },
  })
})

test('a statement against the rules is never composed', () => {
  const text = accountText('en')
  const { supersedes: _, ...first } = { ...STATEMENT, supersedes: undefined }
  const broken: Record<string, NoticeStatement> = {
    'a correction of nothing': { ...first, kind: 'correction' },
    'a first notice that supersedes': { ...STATEMENT, supersedes: '0'.repeat(32) },
    'a link': { ...STATEMENT, facts: { ...FACTS, seen: 'See evil.example now' } },
    'a notice id of another shape': { ...STATEMENT, notice: 'x"\r\n' },
    'an account not in its normal form': { ...STATEMENT, to: { account: 'Anna' } },
    'an end before its beginning': {
      ...STATEMENT,
      facts: { ...FACTS, window_from: '2026-02-02', window_to: '2026-02-01' },
    },
    'four things to do now': {
      ...STATEMENT,
      facts: { ...FACTS, actions_now: ['remove-apps', ...FACTS.actions_now] },
    },
    'no help from the filer': {
      ...STATEMENT,
      brief: { ...STATEMENT.brief, content: { ...BRIEF, help: BRIEF.help.slice(0, 1) } },
    },
  }
  expect(
    Object.entries(broken).filter(([, statement]) => composeEntity(statement, text).ok),
  ).toEqual([])
})

test('commitments are SHA-256 over salt and content, and move with every bit of either', () => {
  const salt = '5a'.repeat(32)
  const bytes = Buffer.from(salt, 'hex')
  const { hash } = accountTemplate()
  const signed = utf8('a signed notice')
  expect(templateCommitment(salt, hash)).toBe(hex(sha256(bytes, Buffer.from(hash, 'hex'))))
  expect(briefCommitment(salt, BRIEF)).toBe(hex(sha256(bytes, canonicalJson(BRIEF))))
  expect(lineCommitment(salt, signed)).toBe(hex(sha256(bytes, signed)))
  expect(lineCommitment('5b'.repeat(32), signed)).not.toBe(lineCommitment(salt, signed))
  expect(() => lineCommitment('5a', signed)).toThrow(TypeError)
  expect(() => templateCommitment(salt, hash.toUpperCase())).toThrow(TypeError)
})

test('the vectors for other implementations hold', async () => {
  const { hash } = accountTemplate()
  const statement: NoticeStatement = { ...FRENCH, template: { ...FRENCH.template, hash } }
  const entity = composed(statement)
  const vector = {
    brief_commitment: briefCommitment(statement.brief.salt, statement.brief.content),
    entity_base64: Buffer.from(entity).toString('base64'),
    entity_sha256: sha256Hex(entity),
    line_commitment_over_the_bare_entity: lineCommitment('55'.repeat(32), entity),
    line_salt: '55'.repeat(32),
    manifest: accountTemplate().manifest,
    statement,
    template_commitment: templateCommitment(statement.template.salt, hash),
  }
  await expect(`${JSON.stringify(vector, null, 2)}\n`).toMatchFileSnapshot(
    '../vectors/notices/account-fr-access.json',
  )
})

test('an account has one spelling', () => {
  const spellings = [
    'anna@contoso.example',
    ' Anna@Contoso.Example ',
    '\u00a0ANNA@contoso.example',
    'ａｎｎａ@contoso.example',
  ]
  expect(spellings.map((account) => normaliseAccount(account))).toEqual(
    spellings.map(() => ({ ok: true, value: 'anna@contoso.example' })),
  )
  expect(normaliseAccount('zoe\u0308')).toEqual({ ok: true, value: 'zoë' })
  expect(normaliseAccount('ℋ')).toEqual({ ok: true, value: 'h' })
  expect(normaliseAccount('a.b+c@x')).toEqual({ ok: true, value: 'a.b+c@x' })
})

test('the spelling of an account is a fixed point, whatever was typed', () => {
  const edges = ['İ', 'ΑΣ', 'ẞ', 'ﬃ', 'K', '½', '\u0345Α', 'ǅ']
  const typed = fc.oneof(
    fc.string({ maxLength: 80, unit: 'binary' }),
    fc.array(fc.constantFrom(...edges, 'a', ' '), { maxLength: 8 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(typed, (account) => {
      const normal = normaliseAccount(account)
      if (normal.ok) expect(normaliseAccount(normal.value)).toEqual(normal)
    }),
    { numRuns: 2000 },
  )
})

test('an account that is empty, too long or partly invisible is refused', () => {
  const refused = [
    '',
    '   ',
    'a'.repeat(201),
    '\ufdfa'.repeat(50),
    'an\u0000na',
    'an\nna',
    'an\u200bna',
    '\u202eanna',
    'anna\ufeff!',
    '\ud800',
  ]
  expect(refused.filter((account) => normaliseAccount(account).ok)).toEqual([])
  expect(normaliseAccount('a'.repeat(200)).ok).toBe(true)
})
