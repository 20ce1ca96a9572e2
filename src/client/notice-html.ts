import {
  partsOf,
  type RenderedBlock,
  type RenderedNotice,
  type RenderedPart,
} from '#core/notice-text.ts'

/**
 * A style sheet for `noticeHtml`: sizes in the reader's own unit, the page's own fonts and colours, and nothing that is loaded.
 *
 * A page with a strict Content-Security-Policy serves it as a file of its own.
 */
export const NOTICE_STYLE = [
  '.dunant-notice{max-inline-size:40rem;line-height:1.5;overflow-wrap:break-word}',
  '.dunant-large{max-inline-size:none;font-size:1.75rem;line-height:1.6}',
  '.dunant-notice h1{font-size:1.5em}',
  '.dunant-notice h2{font-size:1.2em;margin-block:1.5em .5em}',
  '.dunant-items{list-style:none;margin:0;padding:0}',
  '.dunant-items li{margin-block:.5em}',
  '.dunant-number{font-weight:bold}',
  '.dunant-second{border-block-start:2px solid;margin-block-start:3em;padding-block-start:1em}',
].join('\n')

/**
 * A notice as a piece of a page: headings and lists for who cannot see it, language and direction for each part, and no script, style,
 * form, link or anything that is loaded. Its looks come from the sheet of the page.
 *
 * @param size `large` adds the class of large print
 */
export function noticeHtml(notice: RenderedNotice, size: 'large' | 'usual' = 'usual'): string {
  return partsOf(notice)
    .map((part, index) => {
      const classes = [
        'dunant-notice',
        ...(size === 'large' ? ['dunant-large'] : []),
        ...(index === 0 ? [] : ['dunant-second']),
      ]
      return partHtml(part, classes.join(' '))
    })
    .join('\n')
}

function partHtml(part: RenderedPart, classes: string): string {
  const { blocks, issuedTo, note, title } = part
  return [
    `<article class="${classes}"${directed(part)}>`,
    `<h1>${escaped(title)}</h1>`,
    ...(note === undefined ? [] : [`<p${directed(note)}>${escaped(note.text)}</p>`]),
    ...(issuedTo === undefined ? [] : [`<p>${escaped(issuedTo)}</p>`]),
    ...blocks.map(blockHtml),
    '</article>',
  ].join('\n')
}

function blockHtml({ heading, id, paragraphs }: RenderedBlock): string {
  const inside = paragraphs.map(({ number, text }, index) => {
    if (number === undefined) return `<p>${escaped(text)}</p>`
    const before = paragraphs[index - 1]?.number === undefined ? '<ul class="dunant-items">\n' : ''
    const after = paragraphs[index + 1]?.number === undefined ? '\n</ul>' : ''
    return `${before}<li><span class="dunant-number">${number}</span> ${escaped(text)}</li>${after}`
  })
  const above = heading === undefined ? [] : [`<h2>${escaped(heading)}</h2>`]
  return [`<section class="dunant-${id}">`, ...above, ...inside, '</section>'].join('\n')
}

function directed({ direction, language }: Pick<RenderedPart, 'direction' | 'language'>): string {
  return ` lang="${escaped(language)}" dir="${direction}"`
}

/** For text between tags and inside quoted attributes. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}
