import { enums } from 'openpgp'
import { nativeArithmetic, threadedArithmetic } from '#adapters/crypto/native.ts'
import type { Arithmetic } from '#core/arithmetic.ts'
import { hex } from '#core/bytes.ts'
import { readCertificate, verifySignature } from '#core/openpgp.ts'
import { CERTIFICATE_CASES } from './certificate-cases.ts'
import { diceOf } from './dice.ts'
import { DAY, NOW, revoked } from './openpgp-keys.ts'
import { type RawKey, rawKey } from './raw-signer.ts'
import { MESSAGE_CASES, type SignatureCase } from './signature-cases.ts'

/** What the cases of a class came to. */
export interface Tally {
  cases: number
  accepted: number
  /** By reason. */
  readonly refused: Record<string, number>
  /** How often the arithmetic gave an answer of its own. */
  answered: number
  /** Cases, written out, on which OpenPGP.js alone and with the arithmetic do not agree. */
  readonly disagreements: string[]
}

/** The keys that sign in the comparison: each algorithm and version, and certificates that lapsed or were revoked. */
export async function comparisonKeys(): Promise<readonly RawKey[]> {
  const legacy = await rawKey('Ed25519 legacy', {})
  const lapsed = await rawKey('lapsed', { keyExpirationTime: 2 * DAY })
  const { keyRetired, keyCompromised } = enums.reasonForRevocation
  const others = [
    rawKey('with a signing subkey', { subkeys: [{ sign: true }, {}] }),
    rawKey('Ed25519', { type: 'curve25519' }),
    rawKey('Ed25519, version 6', { type: 'curve25519' }, true),
    rawKey('Ed448, version 6', { type: 'curve448' }, true),
    rawKey('P-256', { type: 'ecc', curve: 'nistP256' }),
    rawKey('P-384', { type: 'ecc', curve: 'nistP384' }),
    rawKey('P-521', { type: 'ecc', curve: 'nistP521' }),
    rawKey('RSA', { type: 'rsa', rsaBits: 3072 }),
  ]
  const retired = await revoked(legacy.key, keyRetired, NOW - DAY)
  const compromised = await revoked(legacy.key, keyCompromised, NOW - DAY)
  return [
    legacy,
    lapsed,
    { ...legacy, name: 'retired', certificate: retired },
    { ...legacy, name: 'compromised', certificate: compromised },
    ...(await Promise.all(others)),
  ]
}

/** Compares OpenPGP.js alone with OpenPGP.js and our arithmetic over so many cases of each class, by class. */
export async function compare(
  keys: readonly RawKey[],
  perClass: number,
  seed: number,
): Promise<ReadonlyMap<string, Tally>> {
  const tallies = new Map<string, Tally>()
  const dice = diceOf(seed)
  const contenders = { watched: watch(), threaded: threadedArithmetic({ jobsMax: 16 }) }
  for (const [name, make] of Object.entries(MESSAGE_CASES)) {
    const tally = emptyTally()
    tallies.set(name, tally)
    for (let i = 0; i < perClass; i++)
      await compareSignature(make(keyAt(keys, i), dice, keys), { contenders, tally })
  }
  for (const [name, make] of Object.entries(CERTIFICATE_CASES)) {
    const tally = emptyTally()
    tallies.set(name, tally)
    for (let i = 0; i < perClass; i++)
      await compareCertificate(make(keyAt(keys, i), dice), { contenders, tally })
  }
  return tallies
}

function keyAt(keys: readonly RawKey[], i: number): RawKey {
  const key = keys[i % keys.length]
  if (key === undefined) throw new Error('there are no keys')
  return key
}

function emptyTally(): Tally {
  return { cases: 0, accepted: 0, refused: {}, answered: 0, disagreements: [] }
}

interface Comparison {
  readonly contenders: {
    readonly watched: ReturnType<typeof watch>
    readonly threaded: Arithmetic
  }
  readonly tally: Tally
}

async function compareSignature(one: SignatureCase, comparison: Comparison): Promise<void> {
  const told = async (arithmetic?: Arithmetic): Promise<string> =>
    text(await verifySignature(one, arithmetic))
  await count(told, { ...comparison, about: JSON.stringify(one, printable) })
}

async function compareCertificate(certificate: Uint8Array, comparison: Comparison): Promise<void> {
  const told = async (arithmetic?: Arithmetic): Promise<string> => {
    const read = await readCertificate(certificate, arithmetic)
    return text(read.ok ? { ok: true, value: { life: read.value.life } } : read)
  }
  await count(told, { ...comparison, about: hex(certificate) })
}

async function count(
  tell: (arithmetic?: Arithmetic) => Promise<string>,
  { about, contenders, tally }: Comparison & { about: string },
): Promise<void> {
  const { watched } = contenders
  const before = watched.answers()
  const alone = await tell()
  const inline = await tell(watched.arithmetic)
  const threaded = await tell(contenders.threaded)
  tally.cases += 1
  tally.answered += watched.answers() > before ? 1 : 0
  const reason = /"reason":"([a-z-]+)"/.exec(alone)?.[1]
  if (reason === undefined) tally.accepted += 1
  else tally.refused[reason] = (tally.refused[reason] ?? 0) + 1
  if (alone !== inline || alone !== threaded)
    tally.disagreements.push(`${about}: ${alone} | ${inline} | ${threaded}`)
}

/** Arithmetic that counts its own answers. */
function watch(): { readonly arithmetic: Arithmetic; readonly answers: () => number } {
  let answers = 0
  return {
    arithmetic: {
      ...nativeArithmetic,
      verify: async (sum) => {
        const answer = await nativeArithmetic.verify(sum)
        if (answer !== undefined) answers += 1
        return answer
      },
    },
    answers: () => answers,
  }
}

function text(value: unknown): string {
  return JSON.stringify(value, printable)
}

function printable(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? hex(value) : value
}
