/** How an unexpected end is reported: a line of JSON with the kind and the place of the fault. A message may quote what somebody sent. */
export function crashLine(error: unknown): string {
  const isError = error instanceof Error
  const place = isError
    ? error.stack
        ?.replace(error.message, '')
        .split('\n')
        .find((line) => line.startsWith('    at '))
        ?.trim()
    : undefined
  const kind = isError ? error.name : typeof error
  return `${JSON.stringify({ event: 'crashed', error: [kind, place].filter(Boolean).join(' ') })}\n`
}
