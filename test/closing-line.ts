import type { Reporter } from 'vitest/reporters'

type TestModules = Parameters<NonNullable<Reporter['onTestRunEnd']>>[0]

interface Counts {
  passed: number
  failed: number
  skipped: string[]
}

/**
 * Ends a run with `N passed, N failed` alone on its line, after the names of the tests that did not run.
 *
 * A file that cannot be loaded and an error outside any test count as failures, so that `0 failed` means what it says.
 */
export const closingLine: Reporter = {
  onTestRunEnd(modules, unhandledErrors) {
    const { passed, failed, skipped } = count(modules)
    const lines = skipped.map((name) => `not run: ${name}`)
    if (skipped.length > 0) lines.push(`${String(skipped.length)} skipped`)
    const failures = failed + unhandledErrors.length
    lines.push(`${String(passed)} passed, ${String(failures)} failed`)
    process.stdout.write(`\n${lines.join('\n')}\n`)
  },
}

function count(modules: TestModules): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: [] }
  for (const module of modules) {
    counts.failed += module.errors().length
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed++
      else if (state === 'failed') counts.failed++
      else counts.skipped.push(`${module.relativeModuleId}: ${test.fullName}`)
    }
    for (const suite of module.children.allSuites()) counts.failed += suite.errors().length
  }
  return counts
}
