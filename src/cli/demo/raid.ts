import { join } from 'node:path'
import { searchFolder } from '#cli/seizure.ts'
import { briefOf, COMPANIES, CONTENT, type Customer } from './cast.ts'
import type { Stage } from './stage.ts'

/** Shorter texts stand in any file by chance. */
const MARKER_CHARACTERS_MIN = 8

/**
 * Seizes the server: searches every byte it ever wrote for every account and text of the story, and the clients' files for the same, to
 * show that the search can find them.
 *
 * @throws Error when the server's files hold one, or the clients' files none.
 */
export function seize(stage: Stage, customers: readonly Customer[]): void {
  stage.scene('The server is seized')
  const markers = markersOf(customers)
  const found = searchFolder(join(stage.folder, 'server'), markers)
  if (found.length > 0)
    throw new Error(
      `the server's ${found[0]?.file ?? ''} holds a customer's data (${found[0]?.form ?? ''})`,
    )
  const control = searchFolder(join(stage.folder, 'clients'), markers)
  if (control.length === 0) throw new Error('the search finds nothing even where it must')
  stage.tell(
    `Every byte that the server wrote was searched for ${String(markers.length)} names and texts: in plain, hex, base64, UTF-16, and within ` +
      'compressed data. None is there. The same search finds them in the files of those whom they belong to.',
  )
}

function markersOf(customers: readonly Customer[]): readonly string[] {
  const texts = customers.flatMap(({ account, facts }) => [account, ...sentencesOf(facts)])
  const shared = [
    ...COMPANIES.map((company) => String(briefOf(company)['method_plain'])),
    ...CONTENT.indicators,
    ...CONTENT.findings,
  ]
  return [...new Set([...texts, ...shared])].filter((text) => text.length >= MARKER_CHARACTERS_MIN)
}

/** What somebody wrote in their own words: not the fields of closed lists, whose words stand in every template. */
function sentencesOf(facts: string): readonly string[] {
  return facts.includes('=')
    ? [...facts.matchAll(/seen=([^;]+)/g)].map(([, text]) => text?.trim() ?? '')
    : [facts.trim()]
}
