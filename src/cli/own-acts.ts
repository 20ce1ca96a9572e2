import { isGovernance } from '#core/party.ts'
import { parseAct } from '#wire/act.ts'
import type { Home } from './home.ts'

const NAME = 'own-acts'

/** Governance acts that this home filed, or that its owner said are in order. */
export interface OwnActs {
  /** Known to have taken effect: they must be in the chain. */
  readonly effective: readonly string[]
  /** Filed, and may take effect. */
  readonly filed: readonly string[]
}

/** What the home knows of its own acts. */
export function ownActs(home: Home): OwnActs {
  const text = home.read('pins', NAME)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this file alone
  return text === undefined ? { effective: [], filed: [] } : (JSON.parse(text) as OwnActs)
}

/** Remembers a governance act that was just filed, so that it is missed if the server withholds it. */
export function rememberOwnAct(
  home: Home,
  filed: { payload: Uint8Array; id: string; status: string },
): void {
  const parsed = parseAct(filed.payload)
  if (!parsed.ok || !isGovernance(parsed.value.act)) return
  if (filed.status === 'effective') keepEffective(home, [filed.id])
  else {
    const { effective, filed: before } = ownActs(home)
    keep(home, { effective, filed: [...before, filed.id] })
  }
}

/** Remembers that acts are in order and must stay in the chain. */
export function keepEffective(home: Home, acts: readonly string[]): void {
  if (acts.length === 0) return
  const { effective, filed } = ownActs(home)
  keep(home, {
    effective: [...effective, ...acts],
    filed: filed.filter((act) => !acts.includes(act)),
  })
}

function keep(home: Home, { effective, filed }: OwnActs): void {
  const acts: OwnActs = { effective: [...new Set(effective)], filed: [...new Set(filed)] }
  home.write('pins', NAME, `${JSON.stringify(acts)}\n`)
}
