import { expect, test } from 'vitest'
import { readTemplateFiles } from '#templates'
import { assembleTemplate, readTemplate } from '#wire/assemble-template.ts'
import { assembleTemplates, templateParts, type TemplateSources } from '#wire/template-sources.ts'
import { canonicalJson, type Json, type JsonObject } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { plainTextFault } from '#core/plain-text.ts'
import { checkText, templateHash, templateName, textHash, wordKey } from '#core/template.ts'
import { accountTemplate, accountText, allTemplates, LANGUAGES } from '#test/helpers/statements.ts'

const SOURCES = readTemplateFiles()
const { kind: KIND, texts: TEXTS } = templateParts(SOURCES, 'account', 'person')

/** Words that make a warning vague or comfort falsely, that ask for what we never ask for, or that name a state. */
const BANNED: Readonly<Record<string, RegExp>> = {
  ar: /ربما|(?<![ء-ي])لعلّ?|(?<![ء-ي])قد (?:[يتن])|محتمل|يمكن أن يكون|لا (?:دليل|مؤشر)|انقروا|حمّلوا|نزّلوا|ثبّتوا|ادفعوا/,
  de: /\b(?:vielleicht|möglicherweise|eventuell|vermutlich|wahrscheinlich|könnten?|dürften?|mag|mögen)\b|kein(?:e|en)? (?:Hinweis|Beleg|Beweis)|\bklick|herunterlad|\binstallier|\b(?:be)?zahl(?:en|t|ung)\b|\b[Ss]ie haben (?!das Recht)/,
  en: /\b(?:may|might|perhaps|possibly|maybe|could)\b|no evidence|no indication|misuse of your|abundance of caution|we take your|\b(?:click|download|install|pay|log ?in)\b/i,
  es: /\bquiz[áa]|\b(?:tal vez|puede que|podría[ns]?|posible(?:mente)?|a lo mejor|acaso|eventual)\b|(?:sin|hay) (?:pruebas|indicios)|\bclic|descarg|instal|\bpag(?:ar|ue)/i,
  fr: /peut-être|pourrai(?:t|ent|s)|éventuel|il se peut|il est possible|aucun(?:e)? (?:preuve|indice)|cliqu|télécharg|installe|\bpay(?:er|ez)/i,
  pt: /\b(?:talvez|pode(?:m|ria|riam)? (?:ser|ter|estar)|possível|possivelmente|porventura|eventual)\b|(?:sem|há) (?:provas|indícios)|\bcli(?:que|car)|baix(?:e|ar)|descarreg|transfir|instal|\bpag(?:ar|ue)/i,
  ru: /может быть|могут быть|(?<!не)возможно(?!ст)|вероятно|наверное|видимо|нет (?:доказательств|признаков)|нажмите|щёлкните|скачайте|загрузите|установите|заплатите|оплатите/i,
  'zh-Hans': /可能|也许|或许|大概|恐怕|似乎|没有(?:证据|迹象)|点击|下载|安装|付款|付费|转账/,
}
const STATES =
  /\b(?:Chin[ae]|Chine|Russ?i[ae]|Russie|Rusia|Rússia|Russland|Iran|[KC]orea|Corée|Coreia|Israel|Israël|America|Amérique|États-Unis|India|Inde|Chinese government|Pakistan|Saudi|Turkey|Turquie|Emirates|Émirats)\b|الصين|روسيا|إيران|كوريا|إسرائيل|أمريكا|الولايات المتحدة|الهند|باكستان|السعودية|تركيا|الإمارات|Кита[йея]|Росси[яию]|Иран|Коре[яию]|Израил|Америк|США|Инди[яию]|Пакистан|Саудовск|Турци|Эмират|中国|俄罗斯|伊朗|朝鲜|韩国|以色列|美国|印度|巴基斯坦|沙特|土耳其|阿联酋/i

/** The longest sentence that a reader at level B1 follows, in words; Chinese has no spaces, and a word is one to two characters. */
const SENTENCE_WORDS_MAX = 32
const SENTENCE_CHARACTERS_MAX = 48
/** Where a month or a name of a language may look like a word that is banned. */
const NAMES = /\.(?:words\.language|months|aloud)\b/

interface Sentence {
  /** `device.organisation.passages.avoid.0` */
  readonly at: string
  readonly words: string
}

/** Every string that a language has in its files, what the check of a code answers with among them. */
function sentencesOf(language: string): Sentence[] {
  const walk = (at: string, value: unknown): Sentence[] => {
    if (typeof value === 'string') return [{ at, words: value }]
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, item]) => walk(`${at}.${key}`, item))
  }
  return Object.entries(SOURCES[language] ?? {})
    .flatMap(([file, json]) => walk(file, json))
    .filter(({ at }) => !/\.(?:direction|language)$/.test(at))
}

test('there is a template of each kind of attack, for a person and for an organisation', () => {
  const kinds = ['account', 'device', 'infrastructure', 'organisation', 'phishing', 'supply-chain']
  expect(allTemplates().map(({ manifest }) => templateName(manifest))).toEqual(
    kinds.flatMap((kind) => [`${kind}/person`, `${kind}/organisation`]),
  )
  for (const { texts } of allTemplates()) expect([...texts.keys()]).toEqual([...LANGUAGES])
})

test('no two templates say the same, in any language', () => {
  const hashes = allTemplates().flatMap(({ texts }) =>
    [...texts.values()].map(({ audience: _a, kind: _k, ...words }) =>
      sha256Hex(canonicalJson(words)),
    ),
  )
  expect(new Set(hashes).size).toBe(hashes.length)
})

for (const language of LANGUAGES) {
  const sentences = sentencesOf(language)

  test(`${language}: nothing is vague, nothing is asked that we never ask, no state is named`, () => {
    const banned = sentences.filter(
      ({ at, words }) =>
        !NAMES.test(at) &&
        !PUBLIC_SENTENCE.includes(at) &&
        (BANNED[language]?.test(words) !== false || STATES.test(words)),
    )
    expect(banned).toEqual([])
  })

  test(`${language}: nothing in a text can become a link`, () => {
    const links = sentences.filter(({ words }) => {
      const fault = plainTextFault(
        words
          .replaceAll(/\{[a-z_]+\}/g, 'X')
          .replaceAll(/[“”„«»]/g, ' ')
          .trim() || 'x',
      )
      return fault !== undefined
    })
    expect(links).toEqual([])
  })

  test(`${language}: sentences are short`, () => {
    const long = sentences.flatMap(({ at, words }) =>
      words
        .split(/[.?!:;؟؛] |[。？！：；]/)
        .filter(
          (sentence) =>
            sentence.split(/\s+/).length > SENTENCE_WORDS_MAX ||
            (language === 'zh-Hans' && sentence.length > SENTENCE_CHARACTERS_MAX),
        )
        .map(() => at),
    )
    expect(long).toEqual([])
  })

  test(`${language}: every word in the files reaches a reader of some template`, () => {
    const dead = sentencesOf(language).filter(({ at }) => !isUsed(at))
    expect(dead).toEqual([])
  })

  test(`${language}: the same placeholders stand in the same places as in English`, () => {
    expect(placeholdersOf(language)).toEqual(placeholdersOf('en'))
  })
}

/** Tells whether a word or an action of the files is offered by a kind that its file is for. */
function isUsed(at: string): boolean {
  const [file = '', ...path] = at.split('.')
  // What the check of a code answers with has a schema of its own.
  if (file === 'check') return true
  const audience = path[0] === 'person' || path[0] === 'organisation' ? path.shift() : undefined
  const [part, table = '', entry = ''] = path
  const readers = allTemplates().filter(
    ({ manifest }) =>
      (file === 'common' || manifest.kind === file) &&
      (audience === undefined || manifest.audience === audience),
  )
  if (part === 'actions')
    return readers.some(({ manifest }) => manifest.actions.some(({ id }) => wordKey(id) === table))
  if (part !== 'words') return readers.length > 0
  return readers.some(({ manifest }) =>
    (manifest.fields[table] ?? []).some((value) => wordKey(value) === entry),
  )
}

function placeholdersOf(language: string): Record<string, string> {
  return Object.fromEntries(
    sentencesOf(language).map(({ at, words }) => [
      at,
      // The first day of a month is a word of its own in some languages.
      at.includes('date_first') ? '' : (words.match(/\{[a-z_]+\}/g) ?? []).toSorted().join(' '),
    ]),
  )
}

/** Where the public sentence stands: in notices, and below what the check of a code answers. */
const PUBLIC_SENTENCE: readonly string[] = ['common.passages.public_sentence.0', 'check.never']

test.each(LANGUAGES)(
  '%s: the check of a code says the public sentence of the notices',
  (language) => {
    const said = sentencesOf(language).filter(({ at }) => PUBLIC_SENTENCE.includes(at))
    expect(said).toHaveLength(2)
    expect(new Set(said.map(({ words }) => words)).size).toBe(1)
  },
)

/** What the public sentence names, in each language; a language without an entry fails the test. */
const ASKS: Readonly<Record<string, readonly string[]>> = {
  ar: ['تنقروا', 'تفتحوا', 'تثبّتوا', 'تدفعوا', 'كلمة مرور', 'رمز'],
  de: ['anzuklicken', 'öffnen', 'installieren', 'bezahlen', 'Passwort', 'Code'],
  en: ['click', 'open', 'install', 'pay', 'password', 'code'],
  es: ['clic', 'abra', 'instale', 'pague', 'contraseña', 'código'],
  fr: ['cliquer', 'ouvrir', 'installer', 'payer', 'mot de passe', 'code'],
  pt: ['clique', 'abra', 'instale', 'pague', 'senha', 'código'],
  ru: ['нажать', 'открыть', 'установить', 'оплатить', 'пароль', 'код'],
  'zh-Hans': ['点击', '打开', '安装', '付款', '密码', '验证码'],
}

test.each(LANGUAGES)(
  '%s: the public sentence names everything that we never ask for',
  (language) => {
    const [sentence = ''] = accountText(language).passages.public_sentence
    expect(ASKS[language]).toHaveLength(6)
    expect((ASKS[language] ?? []).filter((ask) => !sentence.includes(ask))).toEqual([])
  },
)

test('the public sentence is the fixed one, in every template', () => {
  for (const { texts } of allTemplates())
    expect(texts.get('en')?.passages.public_sentence).toEqual([
      'We never ask you to click, open, install, pay, or give a password or code.',
    ])
})

test('French keeps its punctuation on the line of the word before it', () => {
  const loose = sentencesOf('fr').filter(
    ({ words }) => /(?<!\u00a0)[:;?!»]/.test(words) || /«(?!\u00a0)|['~]/.test(words),
  )
  expect(loose).toEqual([])
})

/** An article that a preposition before it should have swallowed, or a clause that nobody closed, around the words of a value. */
const JOINTS: Readonly<Record<string, RegExp>> = {
  de: /, die [^,]*\b(?:haben|sind) \S/,
  es: /\b(?:a|de) el\b/,
  fr: / (?:à|de) les? /,
  pt: /\b(?:a|de|em|por) (?:as?|os?) (?:sua|seu|sistemas|armazenamento|site)\b/,
}

test.each(Object.keys(JOINTS))(
  '%s: sentences hold for every attacker and everything attacked',
  (language) => {
    const broken = allTemplates().flatMap(({ texts }) => {
      const { subjects = {}, words = {} } = texts.get(language) ?? {}
      const sentences = [...Object.values(subjects), ...Object.values(words['summary'] ?? {})]
      const filled = Object.values(words['asset'] ?? {}).flatMap((asset) =>
        Object.values(words['actor'] ?? {}).flatMap((actor) =>
          sentences.map((text) => text.replace('{asset}', asset).replace('{actor}', actor)),
        ),
      )
      expect(filled.length).toBeGreaterThan(0)
      return filled.filter((sentence) => JOINTS[language]?.test(sentence) !== false)
    })
    expect(broken).toEqual([])
  },
)

test('Chinese uses the punctuation of its own width', () => {
  const narrow = sentencesOf('zh-Hans').filter(({ words }) =>
    /[,;?!"']|\p{Script=Han} ?[.:()]|[.:] ?\p{Script=Han}/u.test(words),
  )
  expect(narrow).toEqual([])
})

test('Arabic uses its own comma, semicolon and question mark, and the digits that codes are written in', () => {
  const foreign = sentencesOf('ar').filter(({ words }) => /[,;?"'٠-٩]/.test(words))
  expect(foreign).toEqual([])
})

test('an organisation is addressed as one, and a person is told that no employer is', () => {
  for (const { manifest, texts } of allTemplates()) {
    const [reader] = texts.get('en')?.passages.reader ?? []
    expect(reader).toMatch(
      manifest.audience === 'person' ? /you alone, and not to an employer/ : /to your organisation/,
    )
  }
})

test('a folder that lacks a file of a language, or whose folder has another name, is refused', () => {
  const { en = {}, ...others } = SOURCES
  const { common: _, ...less } = en
  const faults: TemplateSources[] = [
    { ...others, en: less },
    { ...others, en, xx: en },
    { ...others, en: { ...en, device: { words: { colour: { red: 'x' } } } } },
  ]
  for (const sources of faults)
    expect(assembleTemplates(sources)).toMatchObject({ refusal: { reason: 'template-invalid' } })
  expect(assembleTemplates({ ...others, en }).ok).toBe(true)
})

test('the manifest names each text by the hash of its canonical JSON, in the order of the languages', () => {
  const { hash, manifest, texts } = accountTemplate()
  expect(manifest.languages).toEqual(
    LANGUAGES.map((language) => ({
      hash: sha256Hex(canonicalJson({ ...accountText(language) })),
      language,
    })),
  )
  expect(hash).toBe(sha256Hex(canonicalJson(manifest)))
  expect([...texts.keys()]).toEqual([...LANGUAGES])
})

test('the order in which the files are read changes nothing', () => {
  const turned = assembleTemplate(KIND, TEXTS.toReversed())
  expect(turned.ok && turned.value.hash).toBe(accountTemplate().hash)
})

test('an adopted template is read back, whole or with some of its languages', () => {
  const { hash, manifest } = accountTemplate()
  expect(readTemplate(hash, { manifest, texts: TEXTS }).ok).toBe(true)
  expect(readTemplate(hash, { manifest, texts: TEXTS.slice(0, 1) }).ok).toBe(true)
})

test('a changed text, another manifest and a foreign language are refused', () => {
  const { hash, manifest } = accountTemplate()
  const text = accountText('en')
  const changed = { ...text, headings: { ...text.headings, avoid: 'What to do' } }
  const template = { hash, manifest }
  expect(checkText(template, text).ok).toBe(true)
  expect(checkText(template, changed)).toMatchObject({
    refusal: { reason: 'notice-template-wrong' },
  })
  expect(checkText({ ...template, hash: '0'.repeat(64) }, text)).toMatchObject({
    refusal: { reason: 'notice-template-wrong' },
  })
  expect(checkText(template, { ...text, language: 'it' })).toMatchObject({
    refusal: { reason: 'language-missing' },
  })
  expect(readTemplate(hash, { manifest, texts: [changed] })).toMatchObject({
    refusal: { reason: 'notice-template-wrong' },
  })
  expect(readTemplate(hash, { manifest: { ...manifest, version: 2 }, texts: TEXTS })).toMatchObject(
    {
      refusal: { reason: 'notice-template-wrong' },
    },
  )
})

test('hashes are over the content, not over the spelling of the file', () => {
  const text = accountText('en')
  const turned = Object.fromEntries(Object.entries(text).toReversed()) as JsonObject
  expect(textHash(turned)).toBe(textHash(text))
  expect(templateHash(accountTemplate().manifest)).toBe(accountTemplate().hash)
})

test('a text that lacks a word, has one too many, other minutes or an unknown field is refused', () => {
  const text = accountText('fr')
  const action = text.actions['keep_evidence'] ?? { effect: '', minutes: 0, task: '' }
  const faults: Record<string, Json> = {
    'a control character': { ...text, headings: { ...text.headings, avoid: 'a\nb' } },
    'a field more': { ...text, note: 'x' },
    'a passage less': { ...text, passages: without(text.passages, 'seen') },
    'a word less': {
      ...text,
      words: { ...text.words, asset: without(text.words['asset'], 'account') },
    },
    'a word more': {
      ...text,
      words: { ...text.words, asset: { ...text.words['asset'], boat: 'x' } },
    },
    'another kind': { ...text, kind: 'organisation' },
    'another audience': { ...text, audience: 'organisation' },
    'other minutes': {
      ...text,
      actions: { ...text.actions, keep_evidence: { ...action, minutes: 1 } },
    },
    'the months of another calendar': { ...text, months: text.months.slice(1) },
  }
  const accepted = Object.entries(faults).filter(([, json]) => {
    const assembled = assembleTemplate(KIND, [json])
    return assembled.ok || assembled.refusal.reason !== 'template-invalid'
  })
  expect(accepted).toEqual([])
  expect(assembleTemplate(KIND, [])).toMatchObject({ refusal: { reason: 'template-invalid' } })
  expect(assembleTemplate(KIND, [...TEXTS, ...TEXTS])).toMatchObject({
    refusal: { reason: 'template-invalid' },
  })
})

function without<T>(entries: Readonly<Record<string, T>> = {}, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => name !== key))
}
