import { isCode, type SourceFile } from './source.ts'

interface Ban {
  readonly in: RegExp
  readonly word: RegExp
  readonly use: string
}

const PURE = /^src\/(?:core|service|ports)\//
const CODE = /^(?:src|migrations|scripts|test)\//

/**
 * Words that a file may not contain, and what to write in their place.
 *
 * When a class of bug is fixed, its word joins this list the same day.
 */
const BANNED: readonly Ban[] = [
  {
    in: PURE,
    word: /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bperformance\.now\b/,
    use: 'the clock or random port',
  },
  { in: PURE, word: /\bgetRandomValues\b|\brandomUUID\b|\brandomBytes\b/, use: 'the random port' },
  {
    in: /^src\/(?:core|service)\//,
    word: /\bfetch\(|\bset(?:Timeout|Interval|Immediate)\(/,
    use: 'a port',
  },
  {
    in: /^src\/(?!entry\/|cli\/)/,
    word: /\bprocess\.(?=\w)|\bconsole\.(?=\w)/,
    use: 'a value passed from entry/',
  },
  { in: /^(?:src|migrations)\//, word: /\.buffer\b/, use: 'the bytes: .buffer ignores byteOffset' },
  {
    in: /^src\//,
    word: /Buffer\.from\([^()]*,\s*'base64(?:url)?'\)/,
    use: 'fromBase64 of core/bytes.ts: Buffer reads many spellings of the same bytes',
  },
  { in: /^src\//, word: /\batob\((?!text\))/, use: 'fromBase64 of core/bytes.ts' },
  { in: /^src\/|^migrations\//, word: /\bselectAll\(|\bselect \*/i, use: 'the columns by name' },
  { in: /^src\//, word: /\.innerHTML\b|\beval\(|\bnew Function\(/, use: 'elements and functions' },
  { in: /^src\//, word: /rejectUnauthorized:\s*false/, use: 'a trusted certificate' },
  { in: CODE, word: /@ts-ignore|@ts-nocheck|\bas any\b/, use: 'a typed fix' },
  { in: CODE, word: /\bTODO\b|\bFIXME\b|\bXXX\b|\bfor now\b/i, use: 'the finished thing' },
  { in: /^test\//, word: /\b(?:test|it|describe)\.only\(/, use: 'the whole suite' },
  { in: /^test\//, word: /\bvi\.mock\(/, use: 'the real module' },
]

/** This list itself, and the faults that prove it, are the two places where the words must stand. */
const EXEMPT = /^test\/tidy(?:\/words)?(?:\.test)?\.ts$/

/** Banned words, each with its line. */
export function bannedWords(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => isCode(file) && !EXEMPT.test(file.path))
    .flatMap((file) =>
      BANNED.filter((ban) => ban.in.test(file.path)).flatMap((ban) => findings(file, ban)),
    )
}

function findings({ path, text }: SourceFile, { word, use }: Ban): string[] {
  return text.split('\n').flatMap((line, index) => {
    const found = word.exec(line)?.[0]
    return found === undefined ? [] : [`${path}:${String(index + 1)}: "${found}"; use ${use}`]
  })
}
