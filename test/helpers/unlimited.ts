import { systemRandom } from '#adapters/system/random.ts'
import { systemTimer } from '#adapters/system/timer.ts'
import type { Clock } from '#ports/clock.ts'
import { type Admission, openAdmission } from '#http/admission.ts'

/** Admission with budgets that no test spends: time stands still in most, and nothing would ever come back. */
export function unlimited(clock: Clock): Admission {
  return openAdmission({
    clock,
    random: systemRandom,
    timer: systemTimer,
    clientAddress: () => '',
    factor: 1_000_000,
  })
}
