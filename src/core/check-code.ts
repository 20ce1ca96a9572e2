import { hex } from './bytes.ts'
import { accept, refuse, type Result } from './result.ts'

/** The capital letters without I, which looks like L and 1, and without Q, which looks like O and 0. */
const ALPHABET = 'ABCDEFGHJKLMNOPRSTUVWXYZ'
const LETTERS = { base: 24n, payload: 18, check: 2, prime: 571n }
/** The same value in decimal: 25 digits hold all of 24^18, and a prime below 10^5 makes the check. */
const DIGITS = { base: 10n, payload: 25, check: 5, prime: 99_991n }
const VALUES = LETTERS.base ** BigInt(LETTERS.payload)

/** How many random bytes a code is made of: so many more than its 82.5 bits that the remainder has no bias (below 2^-173). */
export const CHECK_CODE_RANDOM_BYTES = 32

const CODE = /^[A-HJ-PR-Z]{20}$/
const NUMBER = /^\d{30}$/
const TYPED_CHARACTERS_MAX = 200
/** What people and programs put between groups: white space, dashes, dots, and the marks that keep a group in its direction. */
const SEPARATORS =
  /[\s.·_\u002d\u00ad\u061c\u200b-\u200f\u2010-\u2015\u202a-\u202e\u2060-\u2069\u2212\u30fc]/g

/** Where the ten digits of a script begin, as Unicode has them. Written out, since tables of Unicode differ between engines. */
const ZEROS = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66,
  0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x17e0, 0x1810,
]

/** What stands for a letter of the alphabet and can stand for no other: figures, the two letters left out, and twins in other scripts. */
const LOOK_ALIKES = new Map(
  [
    '0O QO 1L IL 2Z 5S 8B',
    'АA ВB СC ЕE НH ІL ЈJ КK МM ОO РP ЅS ТT ХX УY',
    'ΑA ΒB ΕE ΖZ ΗH ΙL ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX',
  ]
    .join(' ')
    .split(' ')
    .map((pair) => [pair.slice(0, 1), pair.slice(1)]),
)

/**
 * Makes a check code of random bytes: 20 letters, of which the last two are a checksum, worth 82.5 bits.
 *
 * @throws TypeError where there are not exactly `CHECK_CODE_RANDOM_BYTES` bytes.
 */
export function checkCodeOf(random: Uint8Array): string {
  if (random.length !== CHECK_CODE_RANDOM_BYTES) throw new TypeError('a code takes 32 random bytes')
  return lettersOf(BigInt(`0x${hex(random)}`) % VALUES)
}

/** Tells whether a text is a check code in its canonical form: 20 capital letters with their checksum. */
export function isCheckCode(text: string): boolean {
  return CODE.test(text) && valueOf(text) !== undefined
}

/**
 * A canonical code as it is printed: five groups of four letters, joined by dashes.
 *
 * @throws TypeError where the code is not canonical.
 */
export function checkCodeInLetters(code: string): string {
  known(code)
  return code.replace(/.{4}(?=.)/g, '$&-')
}

/**
 * The same code for every script and for the telephone: six groups of five digits, joined by dashes.
 *
 * @throws TypeError where the code is not canonical.
 */
export function checkCodeInDigits(code: string): string {
  return withCheck(known(code), DIGITS)
    .toString()
    .padStart(DIGITS.payload + DIGITS.check, '0')
    .replace(/.{5}(?=.)/g, '$&-')
}

/**
 * Reads a code as somebody typed it, in letters or in digits, and gives its canonical form.
 *
 * Spaces, dashes and case do not matter, digits may be those of any script, and a look-alike counts as the only letter that it can be.
 * Refuses `check-code-malformed` for what has neither 20 letters nor 30 digits, and `check-code-mistyped` where the checksum says that a
 * letter or digit is wrong or that two changed places: every single such mistake is found.
 */
export function parseCheckCode(typed: string): Result<string> {
  if (typed.length > TYPED_CHARACTERS_MAX) return refuse('check-code-malformed')
  const text = Array.from(typed.normalize('NFKC').replace(SEPARATORS, '').toUpperCase(), asDigit)
  if (NUMBER.test(text.join(''))) {
    const value = withoutCheck(BigInt(text.join('')), DIGITS)
    return value === undefined ? refuse('check-code-mistyped') : accept(lettersOf(value))
  }
  const code = text.map((character) => LOOK_ALIKES.get(character) ?? character).join('')
  if (!CODE.test(code)) return refuse('check-code-malformed')
  return valueOf(code) === undefined ? refuse('check-code-mistyped') : accept(code)
}

function asDigit(character: string): string {
  const point = character.codePointAt(0) ?? 0
  const zero = ZEROS.find((first) => point >= first && point < first + 10)
  return zero === undefined ? character : String(point - zero)
}

function known(code: string): bigint {
  const value = CODE.test(code) ? valueOf(code) : undefined
  if (value === undefined) throw new TypeError('not a canonical check code')
  return value
}

/** The value of 20 letters, or nothing where the checksum is wrong. */
function valueOf(letters: string): bigint | undefined {
  let number = 0n
  for (const letter of letters) number = number * LETTERS.base + BigInt(ALPHABET.indexOf(letter))
  return withoutCheck(number, LETTERS)
}

function lettersOf(value: bigint): string {
  let number = withCheck(value, LETTERS)
  let letters = ''
  for (let i = 0; i < LETTERS.payload + LETTERS.check; i++) {
    letters = `${ALPHABET.charAt(Number(number % LETTERS.base))}${letters}`
    number /= LETTERS.base
  }
  return letters
}

/**
 * Appends the check digits with which the whole number leaves the remainder 1.
 *
 * The modulus is a prime that shares no factor with the base and its powers up to the length are all different, so a wrong digit changes
 * the remainder, and so do two that changed places, wherever they stand (ISO/IEC 7064 calls such a system pure).
 */
function withCheck(value: bigint, { base, check, prime }: typeof LETTERS): bigint {
  const shifted = value * base ** BigInt(check)
  return shifted + ((1n - (shifted % prime) + prime) % prime)
}

function withoutCheck(number: bigint, form: typeof LETTERS): bigint | undefined {
  const value = number / form.base ** BigInt(form.check)
  return value < VALUES && withCheck(value, form) === number ? value : undefined
}
