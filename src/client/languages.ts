import type { Template } from '#wire/assemble-template.ts'

/** In what languages somebody is told. */
export interface ChosenLanguages {
  readonly language: string
  /** A second language, whose text stands below the first. */
  readonly also?: string
  /** What was asked for, where the template does not have it. */
  readonly lacking?: string
}

/** What many of those can read whose own language a template lacks. */
const SECOND = 'en'

/**
 * The languages of a template for a BCP 47 tag, and for the second language that a filer asked for.
 *
 * The template's own language serves every region of it (`fr-CA` reads French). Where the template has the language in another
 * script alone, it stands first and English below; where it does not have it at all, English stands alone. No neighbour's language is
 * guessed: to who is attacked it is at times the attacker's. `undefined` where the tag is none, or the template has nothing to offer.
 */
export function chooseLanguages(
  tag: string,
  template: Pick<Template, 'texts'>,
  second?: string,
): ChosenLanguages | undefined {
  const wanted = tagOf(tag)
  if (wanted === undefined) return undefined
  const languages = [...template.texts.keys()]
  const same = languages.find((language) => isSame(language, wanted))
  const near = languages.find((language) => tagOf(language)?.language === wanted.language)
  const language = same ?? near ?? languages.find((one) => one === SECOND)
  if (language === undefined) return undefined
  const below = second ?? (same === undefined && template.texts.has(SECOND) ? SECOND : undefined)
  return {
    language,
    ...(below === undefined || below === language ? {} : { also: below }),
    ...(same === undefined ? { lacking: tag } : {}),
  }
}

/** The template's language for a tag, or none. */
export function languageOf(tag: string, template: Pick<Template, 'texts'>): string | undefined {
  const wanted = tagOf(tag)
  return wanted === undefined
    ? undefined
    : [...template.texts.keys()].find((language) => isSame(language, wanted))
}

function isSame(language: string, wanted: Intl.Locale): boolean {
  const own = tagOf(language)
  return own?.language === wanted.language && own.script === wanted.script
}

/** A tag with the script that it is usually written in: `zh-TW` is `zh-Hant-TW`. */
function tagOf(tag: string): Intl.Locale | undefined {
  try {
    return new Intl.Locale(tag.replaceAll('_', '-')).maximize()
  } catch {
    return undefined
  }
}
