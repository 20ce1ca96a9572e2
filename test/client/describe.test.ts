import { expect, test } from 'vitest'
import { describeStanding, type Standing } from '#client/describe.ts'
import { DESCRIBED_LANGUAGES } from '#client/standing-words.ts'
import { accountText, LANGUAGES } from '#test/helpers/statements.ts'

const ALONE: Standing = {
  filer: 'contoso.example',
  supports: [],
  marks: [],
  status: 'logged',
  witnessed: 0,
  witnessQuorum: 0,
}
const SUPPORTED: Standing = {
  ...ALONE,
  supports: [
    {
      act: '11'.repeat(32),
      party: 'litware.example',
      statements: ['issuer_is_genuine', 'same_actor_seen'],
      marks: ['signer-compromised'],
    },
    {
      act: '22'.repeat(32),
      party: 'fabrikam.example',
      statements: ['issuer_is_genuine'],
      marks: [],
    },
  ],
  status: 'witnessed',
  witnessed: 3,
  witnessQuorum: 2,
}

test('names the filer alone where nobody supports the notice', () => {
  expect(describeStanding(ALONE, 'en')).toEqual([
    'contoso.example alone states: everything that this notice says about you.',
    'Verified: the notice stands in the public log. This coalition has no outside witnesses.',
  ])
})

test('says who states what together, and what the filer states alone', () => {
  expect(describeStanding(SUPPORTED, 'en')).toEqual([
    'fabrikam.example and litware.example state: this notice really comes from contoso.example.',
    'contoso.example and litware.example state: they saw the same attackers in their own systems.',
    'contoso.example alone states: everything that this notice says about you.',
    'Careful: a key with which litware.example signed has since been reported stolen.',
    'Verified: the notice stands in the public log, confirmed by 3 witnesses (2 needed).',
  ])
})

test('says the same in French', () => {
  expect(describeStanding(SUPPORTED, 'fr')).toEqual([
    'fabrikam.example et litware.example déclarent : cet avis vient bien de contoso.example.',
    'contoso.example et litware.example déclarent : avoir vu les mêmes attaquants dans leurs propres systèmes.',
    'contoso.example est seul à déclarer : tout ce que cet avis dit de vous.',
    'Attention : une clé avec laquelle litware.example a signé a depuis été déclarée volée.',
    'Vérifié : l’avis figure dans le journal public, confirmé par 3 témoins (2 nécessaires).',
  ])
})

test('says the same in German, Spanish and Portuguese', () => {
  expect(describeStanding(SUPPORTED, 'de')).toEqual([
    'fabrikam.example und litware.example erklären: Diese Mitteilung kommt wirklich von contoso.example.',
    'contoso.example und litware.example erklären: In den eigenen Systemen waren dieselben Angreifer zu sehen.',
    'contoso.example allein erklärt: alles, was diese Mitteilung über Sie sagt.',
    'Achtung: Ein Schlüssel, mit dem litware.example unterschrieben hat, wurde inzwischen als gestohlen gemeldet.',
    'Geprüft: Die Mitteilung steht im öffentlichen Protokoll, bestätigt von 3 Zeugen (2 nötig).',
  ])
  expect(describeStanding(SUPPORTED, 'es')).toEqual([
    'fabrikam.example y litware.example declaran: este aviso viene realmente de contoso.example.',
    'contoso.example y litware.example declaran: vieron a los mismos atacantes en sus propios sistemas.',
    'Solo contoso.example declara: lo que este aviso dice de usted.',
    'Atención: después se comunicó el robo de una clave con la que firmó litware.example.',
    'Verificado: el aviso está en el registro público, confirmado por 3 testigos (2 necesarios).',
  ])
  expect(describeStanding(SUPPORTED, 'pt')).toEqual([
    'fabrikam.example e litware.example declaram: este aviso vem mesmo de contoso.example.',
    'contoso.example e litware.example declaram: viram os mesmos atacantes nos seus próprios sistemas.',
    'Só contoso.example declara: tudo o que este aviso diz sobre o seu caso.',
    'Atenção: mais tarde, foi comunicado o roubo de uma chave com que litware.example assinou.',
    'Verificado: o aviso está no arquivo público, confirmado por 3 testemunhas (2 necessárias).',
  ])
})

test('says the same in Arabic, Russian and Chinese', () => {
  expect(describeStanding(SUPPORTED, 'ar')).toEqual([
    'تعلن fabrikam.example وlitware.example: هذا الإشعار صادر حقًا عن contoso.example.',
    'تعلن contoso.example وlitware.example: شوهد المهاجمون أنفسهم في أنظمتها.',
    'تعلن contoso.example وحدها: كل ما يقوله هذا الإشعار عنكم.',
    'انتباه: أُعلنت منذ ذلك الحين سرقة مفتاح وقّعت به litware.example.',
    'تم التحقق: الإشعار موجود في السجل العام. الشهود الذين أكّدوه: 3 (المطلوب 2).',
  ])
  expect(describeStanding(SUPPORTED, 'ru')).toEqual([
    'fabrikam.example и litware.example заявляют: это уведомление действительно пришло от contoso.example.',
    'contoso.example и litware.example заявляют: те же злоумышленники замечены и в собственных системах.',
    'Только contoso.example заявляет: всё, что это уведомление говорит о вас.',
    'Внимание: ключ, которым подписано от имени litware.example, с тех пор объявлен украденным.',
    'Проверено: уведомление есть в открытом журнале. Свидетелей, которые его подтвердили: 3 (нужно 2).',
  ])
  expect(describeStanding(SUPPORTED, 'zh-Hans')).toEqual([
    'fabrikam.example 和 litware.example 声明：这份通知确实来自 contoso.example。',
    'contoso.example 和 litware.example 声明：在自己的系统里看到了同样的攻击者。',
    '只有 contoso.example 声明：这份通知里关于您的一切内容。',
    '请注意：litware.example 用来签名的一把密钥后来被报告失窃。',
    '已核实：这份通知在公开记录里，有 3 个见证方确认（需要 2 个）。',
  ])
})

test('three names are joined with the commas of the language', () => {
  const three: Standing = {
    ...ALONE,
    supports: ['a.example', 'b.example', 'c.example'].map((party) => ({
      act: '',
      party,
      statements: ['issuer_is_genuine'],
      marks: [],
    })),
  }
  expect(describeStanding(three, 'zh-Hans')[0]).toContain('a.example、b.example 和 c.example')
  expect(describeStanding(three, 'ru')[0]).toContain('a.example, b.example и c.example')
})

test.each([
  {
    name: 'no receipt',
    standing: { ...ALONE, status: 'not verified' as const },
    begins: 'Not verified',
  },
  {
    name: 'too few witnesses',
    standing: { ...ALONE, witnessed: 1, witnessQuorum: 2 },
    begins: 'Not witnessed yet: 1 of the 2',
  },
])('never says verified with $name', ({ begins, standing }) => {
  expect(describeStanding(standing, 'en').at(-1)).toMatch(new RegExp(`^${begins}`))
})

test.each(DESCRIBED_LANGUAGES.filter((language) => LANGUAGES.includes(language)))(
  '%s: the program says "not verified" as notices quote it',
  (language) => {
    const [passage = ''] = accountText(language).passages.check_mailbox
    const quoted = /[“„«]\s*([^”“»]+?)\s*[”“»]/.exec(passage)?.[1] ?? 'no quotation'
    const status = describeStanding({ ...ALONE, status: 'not verified' }, language).at(-1)
    expect(status?.toLowerCase().startsWith(quoted.toLowerCase())).toBe(true)
  },
)

test('one supporter states in the singular', () => {
  const one: Standing = {
    ...ALONE,
    supports: [{ act: '', party: 'a.example', statements: ['method_reviewed'], marks: [] }],
  }
  expect(describeStanding(one, 'en')[0]).toBe(
    'a.example states: how contoso.example came to its findings was reviewed.',
  )
})
