import { nativeArithmetic, threadedArithmetic } from '#adapters/crypto/native.ts'
import { composeAct } from '#client/act.ts'
import { signDetached } from '#client/openpgp.ts'
import { inFlight } from '#client/in-flight.ts'
import { systemRandom } from '#client/random.ts'
import { NO_HEAD } from '#core/act.ts'
import type { Arithmetic } from '#core/arithmetic.ts'
import { hex } from '#core/bytes.ts'
import { verifySignature } from '#core/openpgp.ts'
import { readArmor } from '#core/packets.ts'
import { officer, ORIGIN } from '#test/helpers/client-keys.ts'
import { accepted, NOW } from '#test/helpers/openpgp-keys.ts'
import { type Group, interleave, perSecond, speedRatio, wallMeter } from './measure.ts'
import { type BareSignature, bareKey, bareSignature, verifyBare } from './primitives.ts'

const ACTS = 512
const SIGNERS = 8

/** Verifying detached signatures: on one core against the arithmetic in it, and on all as a server does. */
export const verify: Group = {
  name: 'verify',
  lines: ['verify-detached', 'verify-cores', 'verify-stock'],
  run: async (effort, print) => {
    const acts = await signedActs()
    const by =
      (arithmetic?: Arithmetic) =>
      async (times: number): Promise<void> => {
        for await (const verified of inFlight(
          turns(acts, times),
          async (act) => await verifySignature({ ...act, validAt: [NOW] }, arithmetic),
        ))
          accepted(verified)
      }
    const threaded = by(threadedArithmetic({ jobsMax: ACTS }))
    const inline = async (times: number): Promise<void> => {
      for (const act of turns(acts, times))
        accepted(await verifySignature({ ...act, validAt: [NOW] }, nativeArithmetic))
    }
    const bare = (times: number): void => {
      for (const act of turns(acts, times))
        if (!verifyBare(act.bare)) throw new Error('a signature does not verify')
    }
    const { samples } = effort
    const cpu = [{ run: inline }, { run: bare }, { run: by() }]
    const [our, peer, stock] = await interleave(cpu, effort)
    const perCpu = { better: 'higher', unit: 'signatures per second of CPU', samples } as const
    print({
      ...perCpu,
      name: 'verify-detached',
      ratio: speedRatio(our, peer),
      goal: 0.75,
      value: perSecond(our),
      reference: `${String(perSecond(peer))} per second of CPU: crypto.verify of the same Ed25519 signatures over their digests`,
    })
    print({
      ...perCpu,
      name: 'verify-stock',
      ratio: speedRatio(our, stock),
      goal: null,
      value: perSecond(our),
      reference: `${String(perSecond(stock))} per second of CPU: the same by OpenPGP.js alone, as with DUNANT_CRYPTO=stock`,
    })
    const wall = [threaded, inline].map((run) => ({ run, meter: wallMeter }))
    const [both, one] = await interleave(wall, effort)
    print({
      name: 'verify-cores',
      ratio: speedRatio(both, one),
      goal: 1.8,
      better: 'higher',
      value: perSecond(both),
      unit: 'signatures per second',
      reference: `${String(perSecond(one))} per second: the same in the calling thread alone`,
      samples,
    })
  },
}

interface SignedAct {
  readonly payload: Uint8Array
  readonly signature: Uint8Array
  readonly certificate: Uint8Array
  readonly bare: BareSignature
}

async function signedActs(): Promise<readonly SignedAct[]> {
  const signers = await Promise.all(
    Array.from({ length: SIGNERS }, async (_, i) => await officer(`Officer ${String(i)}`)),
  )
  const keys = signers.map(({ certificate }) => bareKey(certificate, 'primaryKey'))
  const acts: SignedAct[] = []
  for (let i = 0; i < ACTS; i++) {
    const [signer, key] = [signers[i % SIGNERS], keys[i % SIGNERS]]
    if (signer === undefined || key === undefined) continue
    const payload = filing()
    const armored = await signDetached(signer.key, payload, { at: NOW })
    const signature = accepted(readArmor(armored, 'PGP SIGNATURE'))
    const { certificate } = signer
    acts.push({ payload, signature, certificate, bare: bareSignature(signature, payload, key) })
  }
  return acts
}

/** An act of its own each time: whoever keeps what was verified before would gain nothing in practice. */
function filing(): Uint8Array {
  return composeAct({
    type: 'notice.file',
    body: {
      brief: hex(systemRandom(32)),
      bundle: { count: 8192, root: hex(systemRandom(32)) },
      kind: 'first',
      reporter: hex(systemRandom(20)),
      template: hex(systemRandom(32)),
    },
    by: { party: 'contoso.example' },
    directory: NO_HEAD,
    origin: ORIGIN,
    now: NOW,
    nonce: systemRandom(16),
  })
}

function* turns<T>(items: readonly T[], times: number): Generator<T> {
  for (let done = 0; done < times; ) {
    for (const item of items.slice(0, times - done)) {
      yield item
      done += 1
    }
  }
}
