import type { SubjectKey, SubjectName, SubjectStates, Subjects } from '#core/decision.ts'
import type { Storage, Subject } from '#ports/storage.ts'

/** How often a decision may name further subjects: act, then notice, then campaign. */
const ROUNDS_MAX = 4

/** Subjects as of one reading, with the versions that a commit must still find. */
export interface LoadedSubjects extends Subjects {
  readonly rows: readonly Subject[]
  versionOf(kind: SubjectName, id: string): number
}

/**
 * Reads the subjects that `name` asks for, and those it asks for once it has seen them.
 *
 * The rounds are not one moment; the commit's guards make them one, or it conflicts.
 */
export async function loadSubjects(
  storage: Storage,
  name: (known: Subjects) => readonly SubjectKey[],
): Promise<LoadedSubjects> {
  const rows = new Map<string, Subject>()
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const wanted = new Map(name(subjectsOf(rows)).map((key) => [keyText(key), key]))
    const unknown = [...wanted].filter(([text]) => !rows.has(text)).map(([, key]) => key)
    if (unknown.length === 0) return subjectsOf(rows)
    for (const row of await storage.readSubjects(unknown)) rows.set(keyText(row), row)
  }
  throw new Error('a decision keeps naming further subjects')
}

function subjectsOf(rows: ReadonlyMap<string, Subject>): LoadedSubjects {
  return {
    rows: [...rows.values()],
    get: <K extends SubjectName>(kind: K, id: string): SubjectStates[K] | undefined => {
      const state = rows.get(keyText({ kind, id }))?.state
      return state === undefined ? undefined : readState(kind, state)
    },
    versionOf: (kind, id) => rows.get(keyText({ kind, id }))?.version ?? 0,
  }
}

/** Reads a state that `writeState` wrote; only our own code writes them. */
export function readState<K extends SubjectName>(_kind: K, text: string): SubjectStates[K] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind says which state it is
  return JSON.parse(text) as SubjectStates[K]
}

function keyText(key: { readonly kind: string; readonly id: string }): string {
  return `${key.kind}/${key.id}`
}
