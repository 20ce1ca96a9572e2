/** One row of a customer list, as a company's own database would give it. */
export interface Customer {
  readonly account: string
  readonly language: string
  readonly facts: string
}

/** A company of the story. */
export interface Company {
  readonly domain: string
  readonly name: string
  /** Name of its officer's key in its home. */
  readonly officer: string
}

/** The three companies. The second one signs with gpg where it is installed. */
export const COMPANIES: readonly [Company, Company, Company] = [
  { domain: 'contoso.example', name: 'Contoso', officer: 'alice' },
  { domain: 'fabrikam.example', name: 'Fabrikam', officer: 'bob' },
  { domain: 'northwind.example', name: 'Northwind', officer: 'carol' },
]

/** How many customers of the list have a key of their own. */
export const MAILBOXES = 5

const FIRST_NAMES = [
  'amira',
  'bashir',
  'camille',
  'dolma',
  'elodie',
  'farid',
  'gulnara',
  'henri',
  'ines',
  'jamyang',
  'khadija',
  'lucien',
  'mehdi',
]
const FACTS = [
  'target_state=access-confirmed; sought=messages,contacts; window_from=2026-10-02; window_to=2026-11-14',
  'target_state=targeted-blocked',
  'seen=Somebody read your drafts folder from an address that we know from this group.; target_state=access-confirmed',
  'target_state=targeted-outcome-unknown; asset=messaging-account',
  'A message with a false sign-in page was opened on your computer.',
]

/** The built-in list: 25 people in two languages. */
export const CUSTOMERS: readonly Customer[] = Array.from({ length: 25 }, (_, i) => ({
  account: `${FIRST_NAMES[i % FIRST_NAMES.length] ?? 'x'}.${String(1000 + i * 37)}@mail.example`,
  language: i % 2 === 0 ? 'en' : 'fr',
  facts: FACTS[i % FACTS.length] ?? '',
}))

/** What all notices of the campaign say in common; `company` is who helps. */
export function briefOf(company: Company): Record<string, unknown> {
  return {
    actor_category: 'state-linked-suspected',
    authority: { told: 'no' },
    confidence: 'high',
    detected_on: '2026-11-18',
    help: [
      {
        contact: { kind: 'web', value: `help.${company.domain}/notice` },
        hours: { days: 'every-day', from: '00:00', to: '24:00', zone: 'UTC+00:00' },
        kind: 'member',
        languages: ['en', 'fr'],
        name: company.name,
      },
    ],
    method_plain:
      'The attackers send a message in the name of a colleague, with a sign-in page of their own.',
    methods: ['credential-phishing'],
    next_update: '2026-12-01',
    objective: 'surveillance-of-persons',
    ongoing: 'yes',
    told_others: ['coalition-members'],
    v: 1,
    window_from: '2026-10-02',
  }
}

/** What the invited companies see before they accept. */
export const LABEL = {
  sector: 'civil society and media',
  terms: ['Use it to warn your own customers.', 'Do not name the source.'],
  tlp: 'TLP:AMBER+STRICT',
  urgency: 'hours',
}

/** What they see afterwards. */
export const CONTENT = {
  findings: [
    'Messages in the name of a colleague lead to a sign-in page that passes on the second factor.',
  ],
  indicators: [
    'sign-in page at accounts-security-review.example',
    'mail agent string Quillpost 4.2',
  ],
}
