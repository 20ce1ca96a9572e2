import type { Banner } from '#wire/agent.ts'

/**
 * A notice as a piece of a page: no script, no style, no link, and nothing that is loaded. Its classes are for the product's own style sheet.
 */
export function bannerHtml(banner: Banner | null): string {
  if (banner === null) return ''
  const { direction, dismissed, language, lines, notice, subject } = banner
  const text = lines.map((line) => escaped(line)).join('\n')
  return (
    `<section class="dunant-notice" role="alert" lang="${escaped(language)}" dir="${direction}" ` +
    `data-notice="${notice}"${dismissed ? ' hidden' : ''}>` +
    `<h2 class="dunant-subject">${escaped(subject)}</h2>` +
    `<pre class="dunant-text">${text}</pre></section>`
  )
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
