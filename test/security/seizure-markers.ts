/** People, as the companies know them. */
export const ACCOUNTS = [
  'amina.rahal-7731@contoso.example',
  'tenzin.wangdu-4410@contoso.example',
  'rebiya.yusup-9052@contoso.example',
  'oleksandr.hrytsenko-1187@contoso.example',
  'marisol.quispe-6628@contoso.example',
  'nguyen.thi.lan-3395@contoso.example',
  'élodie.brandt-8804@contoso.example',
  'yaw.boateng-2219@contoso.example',
  'farah.tehrani-5573@contoso.example',
  'kyaw.zin-6106@contoso.example',
  '李文亮-7420@contoso.example',
  'مريم.الخطيب-1934@contoso.example',
] as const

/** What each of them is told about themselves. */
export const SENTENCES = [
  'Somebody in Astrakhan read 412 of your messages.',
  'Your draft about the Gorno mine was copied twice.',
  'A rule forwards your mail since the ninth of May.',
  'The contact list of your clinic was downloaded.',
  'Your calendar was opened before each of your trips.',
  'Two sign-ins came from a hotel in Nakhchivan.',
  'A password reset was tried 77 times in one night.',
  'Photographs from the Tamar march were opened.',
  'Your two helpers in Osh were looked up by name.',
  'An application called Zephyr Sync has read access.',
  'The recordings named Halima were played.',
  'Your recovery number now ends in 4471.',
] as const

/** What companies tell each other about the attack. */
export const CAMPAIGN_TEXTS = {
  method: 'Guests were lured with a false seating plan of the Balaton dinner.',
  sector: 'Exile media of the Caspian littoral',
  terms: 'Do not mention the Umbra cluster on any call.',
  finding: 'Operators of Umbra work from nine to five in UTC plus four.',
  indicator: 'umbra-relay-19.invalid',
  hash: 'Loader signed as Brimstone Logistics Ltd',
  helper: 'Night desk of Saint Ursula House',
} as const

/** What people type where it does not belong. */
export const SLIPS = {
  userAgent: 'Mozilla/5.0 (Tashi Dolma personal laptop)',
  referer: 'intranet-page-of-yusuf-demir-9917',
  cookie: 'remember-user-wanjiru-kamau-3302',
  forwarded: '203.0.113.77-olga-petrova',
  query: 'search-for-shirin-ebadi-lawyer',
  path: 'mailbox-of-ramon-castellanos',
  bearer: 'password-of-ingrid-solheim-8841',
  formFile: 'customers-of-belarus-desk-2026.csv',
  formField: 'field-named-after-sana-mirza',
  jsonKey: 'note_on_pavel_ilic_4406',
  jsonText: 'Please hurry, Dr. Lucia Fernandes is abroad.',
  armorText: 'I sign this for Bashir Noorzai, see below.',
  armorHeader: 'Laptop of Katarzyna Nowak',
  remark: 'unsigned remark on Mehdi Karoubi',
  filer: 'secret-project-of-jonas-weber.example',
  certificateName: 'Private Person Thandiwe Mokoena',
  briefText: 'Plain text about the Aral survey team.',
  bundleText: 'Plain line about the family of Ye Htut.',
  templateText: 'Dear Zainab Al-Hashimi, your account',
} as const

/** Fifty texts that nobody who seizes the server may find. */
export const MARKERS: readonly string[] = [
  ...ACCOUNTS,
  ...SENTENCES,
  ...Object.values(CAMPAIGN_TEXTS),
  ...Object.values(SLIPS),
]
