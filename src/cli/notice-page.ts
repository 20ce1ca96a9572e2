import { createHash } from 'node:crypto'
import type { FormedNotice, NoticeForm } from '#client/notice-forms.ts'
import { noticeHtml, NOTICE_STYLE } from '#client/notice-html.ts'

/** Some notices as a page of their own, which loads nothing and runs nothing. */
export function noticePage(shown: readonly FormedNotice[], form: NoticeForm): string {
  const digest = createHash('sha256').update(NOTICE_STYLE).digest('base64')
  const [first] = shown
  const size = form === 'large' ? 'large' : 'usual'
  return [
    '<!doctype html>',
    `<html lang="${first?.notice.language ?? 'en'}">`,
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${digest}'">`,
    // Some programs turn every number into something to dial.
    '<meta name="format-detection" content="telephone=no, address=no, email=no">',
    '<meta name="viewport" content="width=device-width">',
    '<title>Dunant</title>',
    `<style>${NOTICE_STYLE}</style>`,
    '</head>',
    '<body>',
    ...shown.map(({ notice }) => noticeHtml(notice, size)),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}
