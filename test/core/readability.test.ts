import { expect, test } from 'vitest'
import { parseFactsCell } from '#client/facts.ts'
import { formNotice } from '#client/notice-forms.ts'
import { noticeTexts } from '#core/notice-text.ts'
import { type BlockId, templateName } from '#core/template.ts'
import type { Template } from '#wire/assemble-template.ts'
import { accepted } from '#test/helpers/openpgp-keys.ts'
import { allTemplates, BRIEF, LANGUAGES, STATEMENT } from '#test/helpers/statements.ts'

/** What makes a text hard to read, for all published formulas: words for each sentence, syllables for each word. */
interface Measure {
  readonly sentence: number
  readonly word: number
}

interface Formula {
  /** Beyond it, or below it where a high value means easy, the text is too hard. */
  readonly limit: number
  readonly score: (measure: Measure) => number
  readonly syllables: RegExp
  /** Endings that are written and not spoken. */
  readonly silent?: RegExp
  readonly isGrade?: true
}

/**
 * The published formula of each language, fitted to that language by its author; none is known to us for Arabic and Chinese.
 *
 * A grade counts school years. The others go from 0 to 100, the easier the higher. The limits are what an informed adult reads with ease
 * in that language, and a little below what the notices reach. Syllables are counted by groups of vowels.
 */
const FORMULAS: Readonly<Record<string, Formula>> = {
  // Kincaid 1975, grade level.
  en: {
    isGrade: true,
    limit: 6,
    score: ({ sentence, word }) => 0.39 * sentence + 11.8 * word - 15.59,
    silent: /(?:[^laeiouy]es|[^aeiouytd]ed|[^l]e)$/,
    syllables: /[aeiouy]+/g,
  },
  // Amstad 1978.
  de: {
    limit: 60,
    score: ({ sentence, word }) => 180 - sentence - 58.5 * word,
    syllables: /(?:aa|ai|au|äu|ee|ei|eu|ie|oo|[aeiouyäöü])/g,
  },
  // Szigriszt Pazos 1993, for Spanish.
  es: {
    limit: 65,
    score: ({ sentence, word }) => 206.835 - sentence - 62.3 * word,
    syllables: /[iuü]?[aeoáéó][iuyü]?|[iuíúüy]+/g,
  },
  // Kandel and Moles 1958.
  fr: {
    limit: 75,
    score: ({ sentence, word }) => 207 - 1.015 * sentence - 73.6 * word,
    silent: /(?:e|es|ent)$/,
    syllables: /[aeiouyàâäéèêëîïôöùûüœæ]+/g,
  },
  // Martins and others 1996, for Portuguese.
  pt: {
    limit: 58,
    score: ({ sentence, word }) => 248.835 - 1.015 * sentence - 84.6 * word,
    syllables: /[iu]?[aeoáéóâêôãõà][iuo]?|[iuíúü]+/g,
  },
  // Oborneva 2006.
  ru: {
    limit: 48,
    score: ({ sentence, word }) => 206.835 - 1.3 * sentence - 60.1 * word,
    syllables: /[аеёиоуыэюя]/g,
  },
}

/** Where no formula is published, sentences are kept short: words in Arabic, characters in Chinese, on average. */
const AVERAGE_MAX: Readonly<Record<string, number>> = { ar: 12, 'zh-Hans': 22 }

/** Names, numbers and codes are no words of the template's. */
const LEFT_OUT: readonly BlockId[] = ['help', 'check']

/** The sentences that a template says in a language, in every state that it knows. */
function sentencesBy(template: Template, language: string): readonly string[] {
  const content = { ...BRIEF, product: 'Reader', methods: ['unknown' as const] }
  const { method_plain: _plain, ...brief } = content
  const sentences = new Set<string>()
  for (const { state } of template.manifest.advice) {
    const facts = accepted(parseFactsCell(`target_state=${state}`, template.manifest))
    const salt = STATEMENT.brief.salt
    const statement = {
      ...STATEMENT,
      brief: { content: brief, salt },
      facts,
      filer: 'Contoso',
      language,
    }
    const texts = accepted(noticeTexts(statement, (wanted) => template.texts.get(wanted)))
    const { blocks } = accepted(formNotice(texts, statement, 'plain')).notice
    for (const { id, paragraphs } of blocks.filter((block) => !LEFT_OUT.includes(block.id)))
      for (const { text } of paragraphs)
        for (const sentence of text
          .replace(/[\u2066-\u2069]/g, '')
          .split(/(?<=[.!?؟:])\s|(?<=[。！？：])/))
          if (id !== 'next' || !sentence.includes('2026')) sentences.add(sentence.trim())
  }
  return [...sentences].filter((sentence) => sentence !== '')
}

function wordsIn(sentence: string): readonly string[] {
  return sentence.toLowerCase().match(/[\p{L}\p{M}’'-]+/gu) ?? []
}

function measure(sentences: readonly string[], { silent, syllables }: Formula): Measure {
  const words = sentences.flatMap(wordsIn)
  const spoken = words.map((word) => {
    const count = (word.match(syllables) ?? []).length
    return Math.max(1, count - (silent?.test(word) === true ? 1 : 0))
  })
  const sum = spoken.reduce((total, count) => total + count, 0)
  return { sentence: words.length / sentences.length, word: sum / words.length }
}

test.each(Object.keys(FORMULAS))('%s: every template is as easy as its limit says', (language) => {
  const formula = FORMULAS[language]
  if (formula === undefined) throw new Error('there is no formula')
  const hard = allTemplates().flatMap((template) => {
    const score = formula.score(measure(sentencesBy(template, language), formula))
    const isHard = formula.isGrade === true ? score > formula.limit : score < formula.limit
    return isHard ? [`${templateName(template.manifest)} ${score.toFixed(1)}`] : []
  })
  expect(hard).toEqual([])
})

test.each(Object.keys(AVERAGE_MAX))('%s: sentences are short on average', (language) => {
  for (const template of allTemplates()) {
    const sentences = sentencesBy(template, language)
    const size = (sentence: string) =>
      language === 'zh-Hans' ? Array.from(sentence).length : wordsIn(sentence).length
    const total = sentences.reduce((sum, sentence) => sum + size(sentence), 0)
    expect(total / sentences.length).toBeLessThan(AVERAGE_MAX[language] ?? 0)
  }
})

test('every language is measured', () => {
  expect([...Object.keys(FORMULAS), ...Object.keys(AVERAGE_MAX)].toSorted()).toEqual([...LANGUAGES])
})

test('a letter as companies write them is too hard in every language that has a formula', () => {
  const letters: Readonly<Record<string, string>> = {
    de: 'Im Rahmen unserer kontinuierlichen Sicherheitsüberwachung haben wir Unregelmäßigkeiten im Zusammenhang mit der Authentifizierung Ihres Benutzerkontos festgestellt.',
    en: 'In the course of our continuous monitoring activities, irregularities associated with the authentication of your account were identified by our security organisation.',
    es: 'En el marco de nuestras actividades continuas de supervisión, identificamos irregularidades relacionadas con la autenticación de su cuenta de usuario.',
    fr: 'Dans le cadre de nos activités de surveillance continue, des irrégularités relatives à l’authentification de votre compte utilisateur ont été identifiées.',
    pt: 'No âmbito das nossas atividades contínuas de monitorização, identificámos irregularidades relacionadas com a autenticação da sua conta de utilizador.',
    ru: 'В рамках непрерывного мониторинга безопасности были обнаружены нарушения, связанные с аутентификацией вашей пользовательской учётной записи.',
  }
  const easy = Object.entries(FORMULAS).filter(([language, formula]) => {
    const score = formula.score(measure([letters[language] ?? ''], formula))
    return formula.isGrade === true ? score <= formula.limit : score >= formula.limit
  })
  expect(easy.map(([language]) => language)).toEqual([])
})

test('the formulas count as their authors do', () => {
  const { en, ru } = FORMULAS
  if (en === undefined || ru === undefined) throw new Error('there is no formula')
  expect(measure(['The cat sat on the mat.'], en)).toEqual({ sentence: 6, word: 1 })
  expect(en.score({ sentence: 6, word: 1 })).toBeCloseTo(-1.45, 2)
  expect(measure(['Мы видели атаку.'], ru)).toEqual({ sentence: 3, word: 7 / 3 })
})
