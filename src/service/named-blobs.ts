import type { Inspection } from '#ports/inspection.ts'
import { briefBlob } from './brief.ts'
import { bundleBlobs } from './bundle-layout.ts'
import { checkListBlobs } from './check-list.ts'
import { reportBlob } from './fake-report.ts'
import { readState } from './load-subjects.ts'

const PAGE = 500

/** A blob that the database names. */
export interface NamedBlob {
  readonly key: string
  /** Whether it must be there: what nobody has filed may be dropped at any moment. */
  readonly isNeeded: boolean
}

/** Every blob that a database names, of bundles, briefs and lists of check codes. */
export async function* namedBlobs(
  inspection: Pick<Inspection, 'subjects'>,
): AsyncGenerator<NamedBlob> {
  for await (const { id } of allSubjects(inspection, 'brief'))
    yield { key: briefBlob(id), isNeeded: true }
  for await (const { state } of allSubjects(inspection, 'check-list'))
    yield* checkListBlobs(readState('check-list', state ?? '')).map((key) => ({
      key,
      isNeeded: true,
    }))
  for await (const { id } of allSubjects(inspection, 'fake-report'))
    yield { key: reportBlob(id), isNeeded: false }
  for await (const { state } of allSubjects(inspection, 'bundle')) {
    const bundle = readState('bundle', state ?? '')
    if (bundle.dropped) continue
    const isNeeded = bundle.filed !== undefined
    yield* bundleBlobs(bundle).map((key) => ({ key, isNeeded }))
  }
}

/** Every subject of a kind, in order of id. */
export async function* allSubjects(
  inspection: Pick<Inspection, 'subjects'>,
  kind: string,
): AsyncGenerator<Awaited<ReturnType<Inspection['subjects']>>[number]> {
  for (let after = ''; ; ) {
    const page = await inspection.subjects(kind, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)?.id ?? ''
  }
}
