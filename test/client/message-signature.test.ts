import { expect, test } from 'vitest'
import {
  componentsOf,
  contentDigest,
  hmacOf,
  readSignature,
  signatureBase,
  signRequest,
} from '#client/message-signature.ts'
import { base64, fromBase64, utf8 } from '#core/bytes.ts'

/** RFC 9421 appendix B.1.5. */
const SHARED_SECRET = fromBase64(
  'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==',
)

test('the hmac-sha256 signature of RFC 9421 appendix B.2.5', () => {
  const base = signatureBase(
    [
      ['date', 'Tue, 20 Apr 2021 02:07:55 GMT'],
      ['@authority', 'example.com'],
      ['content-type', 'application/json'],
    ],
    '("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
  )
  expect(base64(hmacOf(SHARED_SECRET ?? new Uint8Array(), base))).toBe(
    'pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=',
  )
})

test('the digest of RFC 9530 appendix B.1', () => {
  expect(contentDigest(utf8('{"hello": "world"}\n'))).toBe(
    'sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:',
  )
})

const REQUEST = {
  method: 'put',
  url: 'http://127.0.0.1:8790/local/events/a%20b?x=1',
  contentType: 'application/json',
  body: utf8('{}'),
}
const SIGNING = {
  key: utf8('key'),
  keyId: 'shop',
  created: 1_795_000_000,
  nonce: '0123456789abcdef',
}

test('a request is signed with all that decides what it does', () => {
  expect(componentsOf(REQUEST).slice(0, 4)).toEqual([
    ['@method', 'PUT'],
    ['@authority', '127.0.0.1:8790'],
    ['@path', '/local/events/a%20b'],
    ['@query', '?x=1'],
  ])
  const fields = signRequest(REQUEST, SIGNING)
  const read = readSignature({ input: fields['signature-input'], signature: fields['signature'] })
  expect(read).toMatchObject({
    ok: true,
    value: {
      names: ['@method', '@authority', '@path', '@query', 'content-type', 'content-digest'],
      keyId: 'shop',
      created: 1_795_000_000,
      nonce: '0123456789abcdef',
    },
  })
})

test.each([
  undefined,
  '',
  'a=("@method");created=1;keyid="k"',
  'a=("@method");created=1;keyid="k";nonce="0123456789abcdef", b=()',
  'a=("@method";req);created=1;keyid="k";nonce="0123456789abcdef"',
  'a=("@method"  "@path");created=1;keyid="k";nonce="0123456789abcdef"',
  'a=("@method");created=-1;keyid="k";nonce="0123456789abcdef"',
  'a=("@method");created=1;keyid="k\\"";nonce="0123456789abcdef"',
  'b=("@method");created=1;keyid="k";nonce="0123456789abcdef"',
  `a=("@method");created=1;keyid="k";nonce="${'a'.repeat(2000)}"`,
])('%s is not a signature that is taken', (input) => {
  expect(readSignature({ input, signature: 'a=:AAAA:' }).ok).toBe(false)
})
