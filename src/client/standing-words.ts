import type { Statement } from '#core/act-bodies.ts'

/** The languages in which it is said who stands behind a notice. */
export const DESCRIBED_LANGUAGES = ['ar', 'de', 'en', 'es', 'fr', 'pt', 'ru', 'zh-Hans'] as const
/** One of `DESCRIBED_LANGUAGES`. */
export type DescribedLanguage = (typeof DESCRIBED_LANGUAGES)[number]

/** How far the proof of a notice reaches. */
export interface Proof {
  readonly status: 'logged' | 'not verified' | 'witnessed'
  readonly witnessed: number
  readonly witnessQuorum: number
}

/** How one language says who stands behind a notice. */
export interface StandingWords {
  /** Joins two names, or the last two of several. */
  readonly and: string
  /** Stands between the names before the last two. */
  readonly comma: string
  readonly state: (names: string, count: number) => string
  readonly alone: (name: string) => string
  readonly statements: { readonly [S in Statement]: (filer: string) => string }
  readonly rest: (filer: string) => string
  readonly marks: Readonly<Record<string, (name: string) => string>>
  readonly status: (proof: Proof) => string
}

/** How each language says it. */
export const STANDING_WORDS: { readonly [L in DescribedLanguage]: StandingWords } = {
  ar: {
    and: ' و',
    comma: '، ',
    state: (names) => `تعلن ${names}: `,
    alone: (name) => `تعلن ${name} وحدها: `,
    statements: {
      issuer_is_genuine: (filer) => `هذا الإشعار صادر حقًا عن ${filer}.`,
      method_reviewed: (filer) => `تمت مراجعة الطريقة التي وصلت بها ${filer} إلى نتائجها.`,
      own_customers_notified: () => 'تم إبلاغ زبائنها بهذا الهجوم.',
      same_actor_seen: () => 'شوهد المهاجمون أنفسهم في أنظمتها.',
    },
    rest: () => 'كل ما يقوله هذا الإشعار عنكم.',
    marks: {
      'party-suspended': (name) => `انتباه: عُلّقت منذ ذلك الحين عضوية ${name} في التحالف.`,
      'signer-compromised': (name) => `انتباه: أُعلنت منذ ذلك الحين سرقة مفتاح وقّعت به ${name}.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'لم يتم التحقق: لا يوجد بعد إيصال لهذا الإشعار.',
        logged:
          witnessQuorum === 0
            ? 'تم التحقق: الإشعار موجود في السجل العام. ليس لهذا التحالف شهود من خارجه.'
            : `لا يوجد بعد شهود كافون. الشهود الذين أكّدوا السجل العام: ${String(witnessed)} من ${String(witnessQuorum)}.`,
        witnessed: `تم التحقق: الإشعار موجود في السجل العام. الشهود الذين أكّدوه: ${String(witnessed)} (المطلوب ${String(witnessQuorum)}).`,
      })[status],
  },
  de: {
    and: ' und ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'erklärt' : 'erklären'}: `,
    alone: (name) => `${name} allein erklärt: `,
    statements: {
      issuer_is_genuine: (filer) => `Diese Mitteilung kommt wirklich von ${filer}.`,
      method_reviewed: (filer) =>
        `Es wurde geprüft, wie ${filer} zu den eigenen Ergebnissen gekommen ist.`,
      own_customers_notified: () => 'Die eigenen Kunden wurden über diesen Angriff informiert.',
      same_actor_seen: () => 'In den eigenen Systemen waren dieselben Angreifer zu sehen.',
    },
    rest: () => 'alles, was diese Mitteilung über Sie sagt.',
    marks: {
      'party-suspended': (name) =>
        `Achtung: Die Mitgliedschaft von ${name} im Bündnis ruht inzwischen.`,
      'signer-compromised': (name) =>
        `Achtung: Ein Schlüssel, mit dem ${name} unterschrieben hat, wurde inzwischen als gestohlen gemeldet.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Nicht geprüft: Für diese Mitteilung gibt es noch keine Quittung.',
        logged:
          witnessQuorum === 0
            ? 'Geprüft: Die Mitteilung steht im öffentlichen Protokoll. Dieses Bündnis hat keine Zeugen von außen.'
            : `Noch nicht bezeugt. Zeugen des öffentlichen Protokolls: ${String(witnessed)} von ${String(witnessQuorum)} nötigen.`,
        witnessed: `Geprüft: Die Mitteilung steht im öffentlichen Protokoll, bestätigt von ${String(witnessed)} Zeugen (${String(witnessQuorum)} nötig).`,
      })[status],
  },
  en: {
    and: ' and ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'states' : 'state'}: `,
    alone: (name) => `${name} alone states: `,
    statements: {
      issuer_is_genuine: (filer) => `this notice really comes from ${filer}.`,
      method_reviewed: (filer) => `how ${filer} came to its findings was reviewed.`,
      own_customers_notified: () => 'they notified customers of their own of this attack.',
      same_actor_seen: () => 'they saw the same attackers in their own systems.',
    },
    rest: () => 'everything that this notice says about you.',
    marks: {
      'party-suspended': (name) => `Careful: ${name} has since been suspended from the coalition.`,
      'signer-compromised': (name) =>
        `Careful: a key with which ${name} signed has since been reported stolen.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Not verified: there is no receipt for this notice yet.',
        logged:
          witnessQuorum === 0
            ? 'Verified: the notice stands in the public log. This coalition has no outside witnesses.'
            : `Not witnessed yet: ${String(witnessed)} of the ${String(witnessQuorum)} witnesses needed have confirmed the public log.`,
        witnessed: `Verified: the notice stands in the public log, confirmed by ${String(witnessed)} witnesses (${String(witnessQuorum)} needed).`,
      })[status],
  },
  es: {
    and: ' y ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'declara' : 'declaran'}: `,
    alone: (name) => `Solo ${name} declara: `,
    statements: {
      issuer_is_genuine: (filer) => `este aviso viene realmente de ${filer}.`,
      method_reviewed: (filer) => `se revisó cómo llegó ${filer} a sus conclusiones.`,
      own_customers_notified: () => 'avisaron de este ataque a sus propios clientes.',
      same_actor_seen: () => 'vieron a los mismos atacantes en sus propios sistemas.',
    },
    rest: () => 'lo que este aviso dice de usted.',
    marks: {
      'party-suspended': (name) => `Atención: después, la coalición suspendió a ${name}.`,
      'signer-compromised': (name) =>
        `Atención: después se comunicó el robo de una clave con la que firmó ${name}.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'No verificado: todavía no hay recibo de este aviso.',
        logged:
          witnessQuorum === 0
            ? 'Verificado: el aviso está en el registro público. Esta coalición no tiene testigos externos.'
            : `Aún faltan testigos. Testigos del registro público: ${String(witnessed)} de los ${String(witnessQuorum)} necesarios.`,
        witnessed: `Verificado: el aviso está en el registro público, confirmado por ${String(witnessed)} testigos (${String(witnessQuorum)} necesarios).`,
      })[status],
  },
  fr: {
    and: ' et ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'déclare' : 'déclarent'} : `,
    alone: (name) => `${name} est seul à déclarer : `,
    statements: {
      issuer_is_genuine: (filer) => `cet avis vient bien de ${filer}.`,
      method_reviewed: (filer) =>
        `la façon dont ${filer} est arrivé à ses conclusions a été examinée.`,
      own_customers_notified: () => 'avoir averti leurs propres clients de cette attaque.',
      same_actor_seen: () => 'avoir vu les mêmes attaquants dans leurs propres systèmes.',
    },
    rest: () => 'tout ce que cet avis dit de vous.',
    marks: {
      'party-suspended': (name) => `Attention : ${name} a depuis été suspendu de la coalition.`,
      'signer-compromised': (name) =>
        `Attention : une clé avec laquelle ${name} a signé a depuis été déclarée volée.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Non vérifié : il n’y a pas encore de reçu pour cet avis.',
        logged:
          witnessQuorum === 0
            ? 'Vérifié : l’avis figure dans le journal public. Cette coalition n’a pas de témoins extérieurs.'
            : `Pas encore attesté : ${String(witnessed)} des ${String(witnessQuorum)} témoins nécessaires ont confirmé le journal public.`,
        witnessed: `Vérifié : l’avis figure dans le journal public, confirmé par ${String(witnessed)} témoins (${String(witnessQuorum)} nécessaires).`,
      })[status],
  },
  pt: {
    and: ' e ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'declara' : 'declaram'}: `,
    alone: (name) => `Só ${name} declara: `,
    statements: {
      issuer_is_genuine: (filer) => `este aviso vem mesmo de ${filer}.`,
      method_reviewed: (filer) => `foi examinado como ${filer} chegou às suas conclusões.`,
      own_customers_notified: () => 'avisaram os seus próprios clientes sobre este ataque.',
      same_actor_seen: () => 'viram os mesmos atacantes nos seus próprios sistemas.',
    },
    rest: () => 'tudo o que este aviso diz sobre o seu caso.',
    marks: {
      'party-suspended': (name) => `Atenção: mais tarde, a aliança suspendeu ${name}.`,
      'signer-compromised': (name) =>
        `Atenção: mais tarde, foi comunicado o roubo de uma chave com que ${name} assinou.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Não verificado: ainda não há recibo deste aviso.',
        logged:
          witnessQuorum === 0
            ? 'Verificado: o aviso está no arquivo público. Esta aliança não tem testemunhas externas.'
            : `Ainda faltam testemunhas. Testemunhas do arquivo público: ${String(witnessed)} das ${String(witnessQuorum)} necessárias.`,
        witnessed: `Verificado: o aviso está no arquivo público, confirmado por ${String(witnessed)} testemunhas (${String(witnessQuorum)} necessárias).`,
      })[status],
  },
  ru: {
    and: ' и ',
    comma: ', ',
    state: (names, count) => `${names} ${count === 1 ? 'заявляет' : 'заявляют'}: `,
    alone: (name) => `Только ${name} заявляет: `,
    statements: {
      issuer_is_genuine: (filer) => `это уведомление действительно пришло от ${filer}.`,
      method_reviewed: (filer) => `проверено, как именно получены выводы ${filer}.`,
      own_customers_notified: () => 'об этой атаке сообщено и собственным клиентам.',
      same_actor_seen: () => 'те же злоумышленники замечены и в собственных системах.',
    },
    rest: () => 'всё, что это уведомление говорит о вас.',
    marks: {
      'party-suspended': (name) => `Внимание: участие ${name} в коалиции с тех пор приостановлено.`,
      'signer-compromised': (name) =>
        `Внимание: ключ, которым подписано от имени ${name}, с тех пор объявлен украденным.`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': 'Не проверено: для этого уведомления ещё нет квитанции.',
        logged:
          witnessQuorum === 0
            ? 'Проверено: уведомление есть в открытом журнале. У этой коалиции нет внешних свидетелей.'
            : `Ещё не засвидетельствовано. Свидетелей, которые подтвердили открытый журнал: ${String(witnessed)} из ${String(witnessQuorum)}.`,
        witnessed: `Проверено: уведомление есть в открытом журнале. Свидетелей, которые его подтвердили: ${String(witnessed)} (нужно ${String(witnessQuorum)}).`,
      })[status],
  },
  'zh-Hans': {
    and: ' 和 ',
    comma: '、',
    state: (names) => `${names} 声明：`,
    alone: (name) => `只有 ${name} 声明：`,
    statements: {
      issuer_is_genuine: (filer) => `这份通知确实来自 ${filer}。`,
      method_reviewed: (filer) => `${filer} 得出结论的方法已经过审查。`,
      own_customers_notified: () => '已把这次攻击告诉自己的客户。',
      same_actor_seen: () => '在自己的系统里看到了同样的攻击者。',
    },
    rest: () => '这份通知里关于您的一切内容。',
    marks: {
      'party-suspended': (name) => `请注意：${name} 在联盟里的资格后来被暂停。`,
      'signer-compromised': (name) => `请注意：${name} 用来签名的一把密钥后来被报告失窃。`,
    },
    status: ({ status, witnessed, witnessQuorum }) =>
      ({
        'not verified': '未核实：这份通知还没有回执。',
        logged:
          witnessQuorum === 0
            ? '已核实：这份通知在公开记录里。这个联盟没有外部见证方。'
            : `见证还不够：确认公开记录的见证方有 ${String(witnessed)} 个，需要 ${String(witnessQuorum)} 个。`,
        witnessed: `已核实：这份通知在公开记录里，有 ${String(witnessed)} 个见证方确认（需要 ${String(witnessQuorum)} 个）。`,
      })[status],
  },
}
