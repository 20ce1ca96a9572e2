import { readTemplateFiles } from '#templates'
import * as fc from 'fast-check'
import type { Template } from '#wire/assemble-template.ts'
import { assembleTemplates } from '#wire/template-sources.ts'
import { NOTICE_KINDS } from '#core/act-bodies.ts'
import { checkCodeOf } from '#core/check-code.ts'
import { isNormalAccount } from '#core/commitment.ts'
import type {
  Brief,
  Contact,
  Facts,
  HelpRoute,
  NoticeRecipient,
  NoticeStatement,
} from '#core/notice-statement.ts'
import {
  ACTIONS,
  ACTOR_CATEGORIES,
  ASSETS,
  CONFIDENCES,
  HELP_DAYS,
  HOLD_REASONS,
  METHODS,
  OBJECTIVES,
  ONGOING,
  REPORTING_LAWS,
  SOUGHT,
  TARGET_STATES,
  TOLD_OTHERS,
} from '#core/notice-vocabulary.ts'
import { plainTextFault } from '#core/plain-text.ts'
import { templateName, type TemplateText } from '#core/template.ts'

/** The languages that the repository's own templates are written in. */
export const LANGUAGES: readonly string[] = Object.keys(readTemplateFiles()).filter(
  (name) => name !== 'kinds',
)

/** The repository's own templates, read once. */
const ASSEMBLED = assembleTemplates(readTemplateFiles())

/** The repository's own templates: each kind for each audience. */
export function allTemplates(): readonly Template[] {
  if (!ASSEMBLED.ok) throw new Error(JSON.stringify(ASSEMBLED.refusal))
  return ASSEMBLED.value
}

/** One of the repository's own templates by its name, `device/organisation`. */
export function templateOf(name: string): Template {
  const template = allTemplates().find(({ manifest }) => templateName(manifest) === name)
  if (template === undefined) throw new Error(`no template ${name}`)
  return template
}

/** The repository's own template for the account of a person. */
export function accountTemplate(): Template {
  return templateOf('account/person')
}

/** The words of the repository's own template in one language. */
export function accountText(language: string): TemplateText {
  const text = accountTemplate().texts.get(language)
  if (text === undefined) throw new Error(`no text in ${language}`)
  return text
}

/** A brief as a company would draft it. */
export const BRIEF: Brief = {
  actor_category: 'state-linked-suspected',
  authority: { law: 'nis2-article-23', told: 'yes' },
  confidence: 'high',
  detected_on: '2026-11-19',
  help: [
    {
      contact: { kind: 'phone', value: '+41 22 555 01 02' },
      hours: { days: 'every-day', from: '00:00', to: '24:00', zone: 'UTC' },
      kind: 'partner',
      languages: ['en', 'fr', 'ar'],
      name: 'Helpline of the Example Foundation',
    },
    {
      contact: { kind: 'web', value: 'help.contoso.example/notice' },
      hours: { days: 'weekdays', from: '08:00', to: '20:00', zone: 'UTC+01:00' },
      kind: 'member',
      languages: ['en'],
      name: 'Contoso Security',
    },
    {
      contact: { kind: 'mail', value: 'help@coalition.example' },
      hours: { days: 'weekdays', from: '09:00', to: '17:00', zone: 'UTC' },
      kind: 'coalition',
      languages: ['en', 'fr'],
      name: 'Coalition desk',
    },
  ],
  hold_reason: 'verifying',
  method_plain: 'The messages looked like invitations to a conference.',
  methods: ['credential-phishing', 'stolen-session'],
  next_update: '2026-12-01',
  objective: 'surveillance-of-persons',
  ongoing: 'unknown',
  told_others: ['coalition-members', 'partner-helpers'],
  v: 1,
  window_from: '2026-11-03',
  window_to: '2026-11-18',
}

/** What a company would say to one reporter. */
export const FACTS: Facts = {
  actions_now: ['change-password', 'sign-out-everywhere', 'check-settings'],
  actions_week: ['ask-for-help', 'second-factor'],
  asset: 'email-account',
  seen: 'Two sign-ins from a country in which you have never been.',
  sought: ['messages', 'sources'],
  target_state: 'access-confirmed',
}

/** A statement with the first brief and facts above. */
export const STATEMENT: NoticeStatement = {
  brief: { content: BRIEF, salt: '11'.repeat(32) },
  check: 'YGMFSJPAXGEAHLKALZSO',
  facts: FACTS,
  filer: 'contoso.example',
  genesis: '0123456789abcdef'.repeat(4),
  kind: 'first',
  language: 'en',
  notice: 'a1b2c3d4e5f60718293a4b5c6d7e8f90',
  origin: 'coalition.example',
  template: { hash: '22'.repeat(32), salt: '33'.repeat(32) },
  to: { account: 'anna@contoso.example' },
  v: 1,
}

/** Only what the template for accounts of persons has words for. */
const OFFERED = accountTemplate().manifest
const offered = <T extends string>(values: readonly T[], names: readonly string[] = []) =>
  values.filter((value) => names.includes(value))

const hexOf = (bytes: number) =>
  fc.uint8Array({ maxLength: bytes, minLength: bytes }).map((b) => Buffer.from(b).toString('hex'))
const day = fc
  .date({ max: new Date('2035-12-31'), min: new Date('2020-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const days = fc.tuple(day, day).map(([a, b]): [string, string] => (a < b ? [a, b] : [b, a]))
const some = <T>(values: readonly T[], limits: { min: number; max: number }) =>
  fc.uniqueArray(fc.constantFrom(...values), { maxLength: limits.max, minLength: limits.min })
const known = <T extends string>(values: readonly T[], max: number) =>
  some(
    values.filter((value) => value !== 'unknown'),
    { max, min: 1 },
  )
const sentence = fc
  .oneof(
    fc.string({ maxLength: 120, minLength: 1, unit: 'grapheme' }),
    fc.constantFrom(
      '-- ',
      '--dunant',
      '{filer}',
      'x'.repeat(280),
      'Une phrase à accents, 3.5 fois.',
    ),
  )
  .filter((text) => plainTextFault(text) === undefined)

const contact: fc.Arbitrary<Contact> = fc.constantFrom<Contact[]>(
  { kind: 'phone', value: '+1 555 0100' },
  { kind: 'web', value: 'help.example' },
  { kind: 'mail', value: 'desk.night@help.example' },
)
const help: fc.Arbitrary<HelpRoute[]> = fc
  .uniqueArray(fc.constantFrom('partner' as const, 'coalition' as const))
  .chain((others) =>
    fc.tuple(
      ...[...others, 'member' as const].map((kind) =>
        fc.record({
          contact,
          hours: fc.record({
            days: fc.constantFrom(...HELP_DAYS),
            from: fc.constantFrom('00:00', '08:00'),
            to: fc.constantFrom('20:00', '24:00'),
            zone: fc.constantFrom('UTC', 'UTC-05:00'),
          }),
          kind: fc.constant(kind),
          languages: some(['en', 'fr', 'zh-Hans', 'sw'], { max: 3, min: 1 }),
          name: fc.constantFrom('Helpline', 'Aide d’urgence', 'ساعدني'),
        }),
      ),
    ),
  )

/** Any brief that may be filed. */
export const briefs: fc.Arbitrary<Brief> = fc
  .record(
    {
      actor_category: fc.constantFrom(...ACTOR_CATEGORIES),
      authority: fc.oneof(
        fc.constantFrom({ told: 'no' as const }, { told: 'not-said' as const }),
        fc.record({ law: fc.constantFrom(...REPORTING_LAWS), told: fc.constant('yes' as const) }),
      ),
      confidence: fc.constantFrom(...CONFIDENCES),
      help,
      hold_reason: fc.constantFrom(...HOLD_REASONS),
      method_plain: sentence,
      methods: fc.oneof(
        fc.constant(['unknown' as const]),
        known(offered(METHODS, OFFERED.fields['method']), 4),
      ),
      objective: fc.constantFrom(...OBJECTIVES),
      ongoing: fc.constantFrom(...ONGOING),
      product: fc.constantFrom('Example Reader 4.2', 'Ärger'),
      told_others: some(TOLD_OTHERS, { max: TOLD_OTHERS.length, min: 0 }),
      v: fc.constant(1 as const),
    },
    {
      requiredKeys: [
        'actor_category',
        'authority',
        'confidence',
        'help',
        'methods',
        'objective',
        'ongoing',
        'told_others',
        'v',
      ],
    },
  )
  .chain((rest) =>
    days.map(([from, to]) => ({
      ...rest,
      detected_on: to,
      next_update: '2036-01-01',
      window_from: from,
      window_to: to,
    })),
  )

/** Any facts that may be filed with the template for accounts of persons. */
export const facts: fc.Arbitrary<Facts> = fc
  .record({
    actions: fc.shuffledSubarray(
      offered(
        ACTIONS,
        OFFERED.actions.map(({ id }) => id),
      ),
      { maxLength: 8, minLength: 1 },
    ),
    asset: fc.constantFrom(...offered(ASSETS, OFFERED.fields['asset'])),
    seen: fc.option(sentence, { nil: undefined }),
    sought: fc.oneof(fc.constant(['unknown' as const]), known(SOUGHT, 6)),
    target_state: fc.constantFrom(...offered(TARGET_STATES, OFFERED.fields['target_state'])),
    window: fc.option(days, { nil: undefined }),
  })
  .map(({ actions, seen, window, ...rest }) => ({
    ...rest,
    actions_now: actions.slice(0, 3),
    actions_week: actions.slice(3),
    ...(seen === undefined ? {} : { seen }),
    ...(window === undefined ? {} : { window_from: window[0], window_to: window[1] }),
  }))

const recipient: fc.Arbitrary<NoticeRecipient> = fc.oneof(
  fc.record({
    fingerprint: hexOf(20),
    mailbox: fc.string({
      maxLength: 32,
      minLength: 32,
      unit: fc.constantFrom(...Array.from('abcdefghijklmnopqrstuvwxyz234567')),
    }),
  }),
  fc
    .oneof(
      fc.constantFrom('anna@contoso.example', '李@example', 'zoë', '-- -- --'),
      fc.string({ maxLength: 60, minLength: 1, unit: 'grapheme' }),
    )
    .filter(isNormalAccount)
    .map((account) => ({ account })),
)

/** Any statement that may be filed, in a language of the repository's own templates. */
export const statements: fc.Arbitrary<NoticeStatement> = fc
  .record({
    brief: fc.record({ content: briefs, salt: hexOf(32) }),
    check: fc.uint8Array({ maxLength: 32, minLength: 32 }).map(checkCodeOf),
    facts,
    filer: fc.constantFrom('contoso.example', 'fabrikam.example'),
    genesis: hexOf(32),
    kind: fc.constantFrom(...NOTICE_KINDS),
    language: fc.constantFrom(...LANGUAGES),
    notice: hexOf(16),
    origin: fc.constant('coalition.example'),
    template: fc.record({ hash: hexOf(32), salt: hexOf(32) }),
    to: recipient,
    v: fc.constant(1 as const),
  })
  .map((rest) =>
    rest.kind === 'first' ? rest : { ...rest, supersedes: 'ffeeddccbbaa99887766554433221100' },
  )
