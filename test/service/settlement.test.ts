import { expect, test } from 'vitest'
import { settlementOf } from '#service/deliver-mail.ts'
import { NOW } from '#test/helpers/openpgp-keys.ts'

/** What becomes of a mail that is deferred after so many attempts. */
function deferred(attempts: number, retrySeconds: number): object {
  const mail = { attempts, queuedAt: NOW, notBefore: NOW }
  const terms = { mail, now: NOW, fraction: 0.5, giveUpDays: 5, retrySeconds }
  return settlementOf({ kind: 'deferred', reason: 'recipient' }, terms)
}

test.each([
  [60, 0, 60],
  [60, 1, 300],
  [60, 6, 21_600],
  [60, 60, 21_600],
  [2, 0, 2],
  [2, 1, 10],
])(
  'with %d seconds to the first, a mail that is deferred after %d attempts is offered again after about %d seconds',
  (retrySeconds, attempts, seconds) => {
    expect(deferred(attempts, retrySeconds)).toEqual({
      kind: 'again',
      notBefore: NOW + seconds,
      isCounted: true,
    })
  },
)
