import { expect, test } from 'vitest'
import { assembleTemplate, readTemplate } from '#wire/assemble-template.ts'
import { canonicalJson, type Json, type JsonObject } from '#core/canonical-json.ts'
import { sha256Hex } from '#core/hash.ts'
import { plainTextFault } from '#core/plain-text.ts'
import { checkText, type TemplateText, templateHash, textHash } from '#core/template.ts'
import { accountTemplate, accountText, LANGUAGES, templateFile } from '#test/helpers/statements.ts'

const KIND = templateFile('account/template.json')
const TEXTS = LANGUAGES.map((language) => templateFile(`${language}/account.json`))

/** Words that make a warning vague or comfort falsely, that ask for what we never ask for, or that name a state. */
const BANNED: Readonly<Record<string, RegExp>> = {
  ar: /ربما|(?<![ء-ي])لعلّ?|(?<![ء-ي])قد (?:[يتن])|محتمل|يمكن أن يكون|لا (?:دليل|مؤشر)|انقروا|حمّلوا|نزّلوا|ثبّتوا|ادفعوا/,
  de: /\b(?:vielleicht|möglicherweise|eventuell|vermutlich|wahrscheinlich|könnten?|dürften?|mag|mögen)\b|kein(?:e|en)? (?:Hinweis|Beleg|Beweis)|\bklick|herunterlad|\binstallier|\b(?:be)?zahl(?:en|t|ung)\b|\b[Ss]ie haben (?!das Recht)/,
  en: /\b(?:may|might|perhaps|possibly|maybe|could)\b|no evidence|no indication|misuse of your|abundance of caution|we take your|\b(?:click|download|install|pay|log ?in)\b/,
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

function sentencesOf(text: TemplateText): { at: string; words: string }[] {
  const walk = (at: string, value: unknown): { at: string; words: string }[] => {
    if (typeof value === 'string') return [{ at, words: value }]
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, item]) => walk(`${at}.${key}`, item))
  }
  const { actions, headings, months, passages, subjects, words } = text
  return walk('', { actions, headings, months, passages, subjects, words })
}

for (const language of LANGUAGES) {
  const sentences = sentencesOf(accountText(language)).filter(
    ({ at }) => !at.startsWith('.words.language'),
  )

  test(`${language}: nothing is vague, nothing is asked that we never ask, no state is named`, () => {
    const banned = sentences.filter(
      ({ at, words }) =>
        at !== '.passages.public_sentence.0' &&
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

  test(`${language}: the public sentence names everything we never ask for`, () => {
    const asks = {
      ar: ['تنقروا', 'تفتحوا', 'تثبّتوا', 'تدفعوا', 'كلمة مرور', 'رمز'],
      de: ['anzuklicken', 'öffnen', 'installieren', 'bezahlen', 'Passwort', 'Code'],
      en: ['click', 'open', 'install', 'pay', 'password', 'code'],
      es: ['clic', 'abra', 'instale', 'pague', 'contraseña', 'código'],
      fr: ['cliquer', 'ouvrir', 'installer', 'payer', 'mot de passe', 'code'],
      pt: ['clique', 'abra', 'instale', 'pague', 'senha', 'código'],
      ru: ['нажать', 'открыть', 'установить', 'оплатить', 'пароль', 'код'],
      'zh-Hans': ['点击', '打开', '安装', '付款', '密码', '验证码'],
    }[language]
    const [sentence = ''] = accountText(language).passages.public_sentence
    expect(asks.filter((ask) => !sentence.includes(ask))).toEqual([])
  })
}

test('the public sentence is the fixed one', () => {
  expect(accountText('en').passages.public_sentence).toEqual([
    'We never ask you to click, open, install, pay, or give a password or code.',
  ])
})

test('every language uses the same placeholders in the same places', () => {
  for (const language of LANGUAGES) expect(placeholders(language)).toEqual(placeholders('en'))
})

test('French keeps its punctuation on the line of the word before it', () => {
  const loose = sentencesOf(accountText('fr')).filter(
    ({ words }) => /(?<!\u00a0)[:;?!»]/.test(words) || /«(?!\u00a0)|['~]/.test(words),
  )
  expect(loose).toEqual([])
})

test('Chinese uses the punctuation of its own width', () => {
  const narrow = sentencesOf(accountText('zh-Hans')).filter(({ words }) =>
    /[,;?!"']|\p{Script=Han} ?[.:()]|[.:] ?\p{Script=Han}/u.test(words),
  )
  expect(narrow).toEqual([])
})

test('Arabic uses its own comma, semicolon and question mark, and the digits that codes are written in', () => {
  const foreign = sentencesOf(accountText('ar')).filter(({ words }) => /[,;?"'٠-٩]/.test(words))
  expect(foreign).toEqual([])
})

test('the manifest names each text by the hash of its canonical JSON, in the order of the languages', () => {
  const { hash, manifest, texts } = accountTemplate()
  expect(manifest.languages).toEqual(
    LANGUAGES.map((language) => ({
      hash: sha256Hex(canonicalJson(templateFile(`${language}/account.json`))),
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
      words: { ...text.words, asset: without(text.words['asset'], 'phone') },
    },
    'a word more': {
      ...text,
      words: { ...text.words, asset: { ...text.words['asset'], boat: 'x' } },
    },
    'another kind': { ...text, kind: 'organisation' },
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

function placeholders(language: string): string[][] {
  return sentencesOf(accountText(language)).map(({ at, words }) => [
    at,
    // French and Portuguese write the first day of a month as a word of its own.
    at.includes('date_first') ? '' : (words.match(/\{[a-z_]+\}/g) ?? []).toSorted().join(' '),
  ])
}
