import type { Brief } from '#core/notice-statement.ts'
import { accept } from '#core/result.ts'
import { DAY_SECONDS, dayOf } from '#core/time.ts'
import { inFolder, privateFolder, writeWhole } from '#agent/files.ts'
import { pathOf } from '#cli/files.ts'
import { type Command, say } from '#cli/output.ts'

const CUSTOMERS = `account,language,facts,mailbox,fingerprint,also,safety
anna@mail.example,en,target_state=targeted-blocked; asset=email-account,,,,
luc@mail.example,fr,"target_state=access-confirmed; asset=email-account; sought=messages,contacts; seen=Two sign-ins from a country in which you have never been.",,,,
`

/** `notice draft` */
export const draft: Command = async (call) => {
  const folder = pathOf(call, call.args.text('out'))
  privateFolder(folder)
  const brief = `${JSON.stringify(exampleBrief(call.io.now()), undefined, 2)}\n`
  writeWhole(inFolder(folder, 'brief.json'), brief, { isNew: true })
  writeWhole(inFolder(folder, 'customers.csv'), CUSTOMERS, { isNew: true })
  const lines = [
    `${folder}/brief.json     what is the same for all; every field is checked`,
    `${folder}/customers.csv  a line for each customer`,
    '',
    'Change both, then look at the result with: dunant notice preview',
  ]
  return await Promise.resolve(
    accept(say(lines, { folder, files: ['brief.json', 'customers.csv'] })),
  )
}

function exampleBrief(now: number): Brief {
  return {
    actor_category: 'state-linked-suspected',
    authority: { told: 'no' },
    confidence: 'moderate',
    detected_on: dayOf(now - 2 * DAY_SECONDS),
    help: [
      {
        // No schema accepts this: a victim must not be given a number that nobody answers.
        contact: { kind: 'phone', value: 'WRITE YOUR OWN NUMBER HERE' },
        hours: { days: 'every-day', from: '00:00', to: '24:00', zone: 'UTC' },
        kind: 'member',
        languages: ['en', 'fr'],
        name: 'Customer security',
      },
    ],
    methods: ['credential-phishing'],
    next_update: dayOf(now + 7 * DAY_SECONDS),
    objective: 'unknown',
    ongoing: 'unknown',
    told_others: [],
    v: 1,
    window_from: dayOf(now - 10 * DAY_SECONDS),
  }
}
