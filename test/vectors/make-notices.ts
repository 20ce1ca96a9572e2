import { base64, fromUtf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import {
  briefCommitment,
  lineCommitment,
  normaliseAccount,
  templateCommitment,
} from '#core/commitment.ts'
import { sha256Hex } from '#core/hash.ts'
import type { Brief, NoticeStatement } from '#core/notice-statement.ts'
import { renderNotice } from '#core/notice-text.ts'
import { templateHash, textHash } from '#core/template.ts'
import { accountTemplate, accountText } from '#test/helpers/statements.ts'
import { NoticeStatementSchema } from '#wire/notice.ts'
import { TemplateManifestSchema, TemplateTextSchema } from '#wire/template.ts'
import { seededHex } from './keys.ts'
import type { Contents } from './schemas.ts'
import { must, type Story } from './story.ts'

export function makeEntity({ entity, statement }: Story): Contents['entity.json'] {
  const { manifest } = accountTemplate()
  const text = accountText('en')
  const rendered = must(renderNotice(text, statement))
  return {
    manifest: TemplateManifestSchema.parse(manifest),
    template_hash: templateHash(manifest),
    text: TemplateTextSchema.parse(text),
    text_hash: textHash(text),
    statement: NoticeStatementSchema.parse(statement),
    subject: rendered.subject,
    text_lines: [...rendered.lines],
    entity: base64(entity),
    entity_sha256: sha256Hex(entity),
    refused: [
      {
        name: 'a word of the text',
        find: 'account',
        replace: 'acc0unt',
        refusal: 'notice-text-wrong',
      },
      {
        name: 'the subject',
        find: 'Subject: ',
        replace: 'subject: ',
        refusal: 'notice-text-wrong',
      },
      {
        name: 'a line of the text longer by a space',
        find: '\r\n\r\n1. ',
        replace: ' \r\n\r\n1. ',
        refusal: 'notice-malformed',
      },
      {
        name: 'a letter of the padding',
        find: '          \r\n',
        replace: '    x     \r\n',
        refusal: 'notice-malformed',
      },
      {
        name: 'the boundary of another notice',
        find: 'boundary="dunant-',
        replace: 'boundary="durant-',
        refusal: 'notice-malformed',
      },
      {
        name: 'base64 in lower case',
        find: '\r\nContent-Transfer-Encoding: base64',
        replace: '\r\nContent-Transfer-Encoding: BASE64',
        refusal: 'notice-malformed',
      },
    ],
  }
}

export function makeCommitments({ product, statement }: Story): Contents['commitments.json'] {
  const { content, salt } = statement.brief
  const briefs: [Brief, string][] = [
    [content, salt],
    [shortBrief(statement), seededHex('another brief salt')],
  ]
  return {
    templates: [
      {
        commitment: templateCommitment(statement.template.salt, statement.template.hash),
        salt: statement.template.salt,
        template_hash: statement.template.hash,
      },
      {
        commitment: templateCommitment('0'.repeat(64), '0'.repeat(64)),
        salt: '0'.repeat(64),
        template_hash: '0'.repeat(64),
      },
    ],
    briefs: briefs.map(([brief, briefSalt]) => ({
      brief: NoticeStatementSchema.shape.brief.shape.content.parse(brief),
      canonical: fromUtf8(canonicalJson(brief)) ?? '',
      commitment: briefCommitment(briefSalt, brief),
      salt: briefSalt,
    })),
    lines: [
      {
        commitment: lineCommitment(product.salt, product.signed),
        salt: product.salt,
        signed_notice: base64(product.signed),
        statement: NoticeStatementSchema.parse(product.statement),
      },
    ],
    accounts: [
      'anna@contoso.example',
      ' Anna@Contoso.Example ',
      '\uff41\uff4e\uff4e\uff41@contoso.example',
      'zoe\u0308',
      '\u210b',
      '\u00c4rger',
      'a.b+c@x',
      '',
      '   ',
      'a'.repeat(200),
      'a'.repeat(201),
      'an\u200bna',
      'an\u00adna',
      'an\u0007na',
      'an\u202ena',
    ].map((account) => {
      const normal = normaliseAccount(account)
      return normal.ok
        ? { account, normal: normal.value }
        : { account, refusal: normal.refusal.reason }
    }),
  }
}

/** A brief with nothing in it that may be left out. */
function shortBrief({ brief }: NoticeStatement): Brief {
  const { hold_reason: _hold, method_plain: _plain, window_to: _to, ...rest } = brief.content
  return { ...rest, authority: { told: 'no' }, told_others: [] }
}
