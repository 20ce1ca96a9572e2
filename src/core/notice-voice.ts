import { checkCodeInDigits, checkCodeInLetters } from './check-code.ts'
import type { Contact, HelpHours } from './notice-statement.ts'
import { type Page, phrase, word } from './notice-page.ts'

const ALWAYS = { days: 'every-day', from: '00:00', to: '24:00' }
const ZONE = /^UTC(?:([+-])(\d\d):(\d\d))?$/

/** Values that are the same in every language, as the voice says them. */
export function plainValues(page: Page): Readonly<Record<string, string>> {
  const { filer, genesis, notice, origin, supersedes, to } = page.statement
  const { product } = page.statement.brief.content
  const recipient =
    'account' in to
      ? { account: address(page, to.account) }
      : { fingerprint: id(page, to.fingerprint), mailbox: id(page, to.mailbox) }
  return {
    filer: address(page, filer),
    genesis: id(page, genesis),
    notice: id(page, notice),
    origin: address(page, origin),
    ...(product === undefined ? {} : { product }),
    supersedes: id(page, supersedes ?? ''),
    ...recipient,
  }
}

/** A day by the template's own table of months: locale data differ between machines and years. */
export function date(page: Page, day: string): string {
  const [year = '', month = '', dayOfMonth = ''] = day.split('-')
  const { aloud, months } = page.text
  if (page.voice === 'spoken') {
    const { days, years } = aloud
    const name = at(page, aloud.months, Number(month) - 1)
    const spoken = { day: at(page, days, Number(dayOfMonth) - 1), month: name }
    return phrase(page, 'date_aloud', { ...spoken, year: years[`y${year}`] ?? digits(page, year) })
  }
  const name = at(page, months, Number(month) - 1)
  const pattern = dayOfMonth === '01' ? 'date_first' : 'date'
  return phrase(page, pattern, { day: String(Number(dayOfMonth)), month: name, year })
}

/** A count of at most sixty. */
export function count(page: Page, value: number): string {
  return page.voice === 'spoken' ? at(page, page.text.aloud.numbers, value) : String(value)
}

/** When a helper answers. */
export function hoursLine(page: Page, hours: HelpHours): string {
  const { days, from, to, zone } = hours
  if (days === ALWAYS.days && from === ALWAYS.from && to === ALWAYS.to)
    return phrase(page, 'hours_always')
  return phrase(page, 'hours', {
    days: word(page, 'help_days', days),
    from: clock(page, from),
    to: clock(page, to),
    zone: zoneName(page, zone),
  })
}

/** A mail address is written without its sign, so that no mail program makes a link of it; a number stays on one line. */
export function contactLine(page: Page, { kind, value }: Contact): string {
  if (kind === 'phone') return phrase(page, 'contact_phone', { value: phone(page, value) })
  if (kind === 'mail' && page.voice === 'spoken')
    return phrase(page, 'contact_mail_aloud', { address: address(page, value) })
  const [local = '', domain = ''] = value.split('@')
  return phrase(page, `contact_${kind}`, { domain, local, value: address(page, value) })
}

/** A telephone number in its groups. */
export function phone(page: Page, value: string): string {
  return page.voice === 'spoken' ? spelled(page, value.split(' ')) : value.replaceAll(' ', '\u00a0')
}

/** The check code: in letters for the eye, in digits for every script and the telephone. */
export function checkLines(page: Page): string[] {
  const { check } = page.statement
  const code = checkCodeInDigits(check)
  if (page.voice === 'spoken')
    return [phrase(page, 'check_digits', { code: spelled(page, code.split('-')) })]
  return [
    phrase(page, 'check_letters', { code: checkCodeInLetters(check) }),
    phrase(page, 'check_digits', { code }),
  ]
}

/** The mark before a heading or an item: `3.` and `3.2`, or the numbers as words. */
export function mark(page: Page, position: number, item?: number): string {
  if (page.voice === 'spoken')
    return [position, ...(item === undefined ? [] : [item])]
      .map((value) => count(page, value))
      .join(phrase(page, 'list_separator'))
  return item === undefined ? `${String(position)}.` : `${String(position)}.${String(item)}`
}

/** An id in groups of four, to be read aloud and compared. */
function id(page: Page, text: string): string {
  const groups = text.match(/.{1,4}/g) ?? []
  return page.voice === 'spoken' ? spelled(page, groups) : groups.join(' ')
}

/** An address as it is typed, or with the names of its signs. */
function address(page: Page, text: string): string {
  if (page.voice !== 'spoken') return text
  const { at: at_, dot, hyphen, slash, underscore } = page.text.aloud.signs
  const names = new Map([
    ['@', at_],
    ['.', dot],
    ['-', hyphen],
    ['/', slash],
    ['_', underscore],
  ])
  return text.replace(/[@./_-]/g, (sign) => ` ${names.get(sign) ?? sign} `).trim()
}

/** Each character by its own name, a pause between groups. */
function spelled(page: Page, groups: readonly string[]): string {
  const { plus } = page.text.aloud.signs
  return groups
    .map((group) =>
      Array.from(group, (character) => {
        if (character === '+') return plus
        return /\d/.test(character) ? digits(page, character) : character.toUpperCase()
      }).join(' '),
    )
    .join(phrase(page, 'list_separator'))
}

function digits(page: Page, figures: string): string {
  return Array.from(figures, (figure) => at(page, page.text.aloud.digits, Number(figure))).join(' ')
}

function clock(page: Page, time: string): string {
  if (page.voice !== 'spoken') return time
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  const values = { hour: at(page, page.text.aloud.hours, hour), minute: count(page, minute) }
  return phrase(page, minute === 0 ? 'clock_hour' : 'clock_minutes', values)
}

function zoneName(page: Page, zone: string): string {
  const [, sign, hours = '', minutes = ''] = ZONE.exec(zone) ?? []
  if (page.voice !== 'spoken' || sign === undefined) return zone
  const { minus, plus } = page.text.aloud.signs
  const named = [sign === '+' ? plus : minus, count(page, Number(hours))]
  return ['UTC', ...named, ...(minutes === '00' ? [] : [count(page, Number(minutes))])].join(' ')
}

function at(page: Page, names: readonly string[], index: number): string {
  const name = names[index]
  if (name === undefined)
    page.missing.push(`the template lacks a name for the number ${String(index)}`)
  return name ?? ''
}
