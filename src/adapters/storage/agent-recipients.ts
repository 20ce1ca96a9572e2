import { type CompiledQuery, sql } from 'kysely'
import type { AgentStore, RecipientRow } from '#ports/agent-store.ts'
import { type AgentDatabase, portions } from './agent-database.ts'
import { recipientOf } from './agent-rows.ts'

type Part = Pick<
  AgentStore,
  | 'bannersOf'
  | 'countRecipients'
  | 'findRecipient'
  | 'keepProducts'
  | 'listProducts'
  | 'listRecipients'
  | 'readProduct'
  | 'readRecipient'
  | 'referencesAt'
  | 'referencesOn'
  | 'setBatches'
  | 'setLineIndexes'
  | 'setLines'
>

const RECIPIENTS_MAX = 1000
const PRODUCTS_MAX = 100
const BANNERS_MAX = 16
const COLUMNS = [
  'reference',
  'notice',
  'account_tag',
  'mailbox_tag',
  'version',
  'sealed',
  'line',
  'line_index',
  'batch',
] as const

/** Whom notices tell, and what they are shown. */
export function recipientStore(database: AgentDatabase): Part {
  return { ...readers(database), ...places(database), ...products(database) }
}

function readers({
  db,
  engine,
}: AgentDatabase): Pick<
  Part,
  'countRecipients' | 'findRecipient' | 'listRecipients' | 'readRecipient'
> {
  const all = db.selectFrom('recipient').select(COLUMNS)
  const first = async (
    query: CompiledQuery<Parameters<typeof recipientOf>[0]>,
  ): Promise<RecipientRow | undefined> => {
    const [row] = await engine.read(query)
    return row === undefined ? undefined : recipientOf(row)
  }
  return {
    findRecipient: async (notice, accountTag) =>
      await first(all.where('notice', '=', notice).where('account_tag', '=', accountTag).compile()),
    readRecipient: async (reference) =>
      await first(all.where('reference', '=', reference).compile()),
    listRecipients: async (notice, after) => {
      const rows = await engine.read(
        all
          .where('notice', '=', notice)
          .where('reference', '>', after)
          .orderBy('reference')
          .limit(RECIPIENTS_MAX)
          .compile(),
      )
      return rows.map(recipientOf)
    },
    countRecipients: async (notice) => {
      const [row] = await engine.read(
        db
          .selectFrom('recipient')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('notice', '=', notice)
          .compile(),
      )
      return row?.count ?? 0
    },
  }
}

function places({
  db,
  engine,
}: AgentDatabase): Pick<
  Part,
  'referencesAt' | 'referencesOn' | 'setBatches' | 'setLineIndexes' | 'setLines'
> {
  const update = db.updateTable('recipient')
  return {
    setLines: async (lines) => {
      await engine.write(
        lines.map(({ line, reference }) =>
          update.set({ line }).where('reference', '=', reference).compile(),
        ),
      )
    },
    setLineIndexes: async (notice, lines) => {
      await engine.write(
        lines.map(({ lineIndex, mailboxTag }) =>
          update
            .set({ line_index: lineIndex })
            .where('notice', '=', notice)
            .where('mailbox_tag', '=', mailboxTag)
            .compile(),
        ),
      )
    },
    setBatches: async (batches) => {
      await engine.write(
        batches.map(({ batch, reference }) =>
          update.set({ batch }).where('reference', '=', reference).compile(),
        ),
      )
    },
    referencesOn: async (notice, lines) => {
      const found = new Map<number, string>()
      for (const part of portions(lines)) {
        const rows = await engine.read(
          db
            .selectFrom('recipient')
            .select(['reference', 'line'])
            .where('notice', '=', notice)
            .where('line', 'in', part)
            .compile(),
        )
        for (const { line, reference } of rows) if (line !== null) found.set(line, reference)
      }
      return found
    },
    referencesAt: async (notice, lineIndexes) => {
      const found: string[] = []
      for (const part of portions(lineIndexes)) {
        const rows = await engine.read(
          db
            .selectFrom('recipient')
            .select('reference')
            .where('notice', '=', notice)
            .where('line_index', 'in', part)
            .compile(),
        )
        found.push(...rows.map(({ reference }) => reference))
      }
      return found
    },
  }
}

function products({
  db,
  engine,
}: AgentDatabase): Pick<Part, 'bannersOf' | 'keepProducts' | 'listProducts' | 'readProduct'> {
  const all = db.selectFrom('product').select(['reference', 'notice', 'sealed'])
  return {
    keepProducts: async (rows) => {
      await engine.write(
        [...portions(rows)].map((part) =>
          db
            .insertInto('product')
            .values(part)
            .onConflict((row) =>
              row.column('reference').doUpdateSet((eb) => ({ sealed: eb.ref('excluded.sealed') })),
            )
            .compile(),
        ),
      )
    },
    readProduct: async (reference) => {
      const [row] = await engine.read(all.where('reference', '=', reference).compile())
      return row
    },
    listProducts: async (notice, after) =>
      await engine.read(
        all
          .where('notice', '=', notice)
          .where('reference', '>', after)
          .orderBy('reference')
          .limit(PRODUCTS_MAX)
          .compile(),
      ),
    bannersOf: async (accountTag) => {
      const rows = await engine.read(
        db
          .selectFrom('recipient')
          .innerJoin('product', 'product.reference', 'recipient.reference')
          .innerJoin('notice', 'notice.name', 'recipient.notice')
          .select([
            'recipient.reference',
            'recipient.notice',
            'notice.phase',
            'notice.state',
            'recipient.batch',
            'product.sealed',
          ])
          .where('recipient.account_tag', '=', accountTag)
          .where('notice.phase', '=', 'released')
          .orderBy(sql`json_extract(notice.state, '$.releasedAt')`, 'desc')
          .orderBy('notice.name')
          .limit(BANNERS_MAX)
          .compile(),
      )
      return rows.map((row) => ({
        ...row,
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- from a closed list
        phase: row.phase as 'draft',
      }))
    },
  }
}
