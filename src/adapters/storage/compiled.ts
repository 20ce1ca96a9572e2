import type { CompiledQuery, Kysely } from 'kysely'
import type { QueryBuilder, Tables } from './schema.ts'

/** What a query may be given. */
type Given = Readonly<Record<string, string | number | null>>

/** What builds a query: Kysely's builders, and `sql`. */
export interface Buildable<Row> {
  compile(db: Kysely<Tables>): CompiledQuery<Row>
}

/** A query whose text is known, with what each of its parameters is: a name of what is given, or a fixed value. */
export interface Template {
  readonly query: CompiledQuery
  readonly parameters: readonly { readonly name?: string; readonly value: unknown }[]
}

/** What is asked for: the name of a query, and what it is given. */
export interface Asked<G> {
  readonly name: string
  readonly given: G
}

/**
 * Compiles a query the first time that it is asked for, and from then on only fills in what it is given: building and compiling takes
 * several times as long as running it.
 *
 * `build` is called once for each name, with stand-ins, so its text must not depend on the values.
 */
export function compiled<G extends Given, Row>(
  builder: QueryBuilder,
  { given, name }: Asked<G>,
  build: (given: G, db: Kysely<Tables>) => Buildable<Row>,
): CompiledQuery<Row> {
  const known = builder.templates.get(name)
  const template = known ?? templateOf(builder, given, build)
  if (known === undefined) builder.templates.set(name, template)
  const parameters = template.parameters.map((one) =>
    one.name === undefined ? one.value : given[one.name],
  )
  return { ...template.query, parameters }
}

function templateOf<G extends Given, Row>(
  builder: QueryBuilder,
  given: G,
  build: (given: G, db: Kysely<Tables>) => Buildable<Row>,
): Template {
  const names = new Map(Object.keys(given).map((name) => [Symbol(name), name] as const))
  const standIns = Object.fromEntries([...names].map(([symbol, name]) => [name, symbol]))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a stand-in only travels through the compiler
  const query = build(standIns as unknown as G, builder.db).compile(builder.db)
  const parameters = query.parameters.map((value) => {
    const name = typeof value === 'symbol' ? names.get(value) : undefined
    return name === undefined ? { value } : { name, value: undefined }
  })
  return { query, parameters }
}
