import { expect, test } from 'vitest'
import { readDeliveryReport } from '#core/delivery-report.ts'
import { utf8 } from '#core/bytes.ts'
import { isAddressGone } from '#core/mail-status.ts'
import { accepted, reasonOf } from '#test/helpers/openpgp-keys.ts'

const TOKEN = 'abcdefghijklmnopqrstuvwxyz234567'

/** As Postfix writes them. */
const POSTFIX = `Return-Path: <>
Delivered-To: bounces+${TOKEN}@contoso.example
Date: Tue, 24 Nov 2026 10:00:00 +0000 (UTC)
From: MAILER-DAEMON@mx.customer.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounces+${TOKEN}@contoso.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="4RqZ7m0001z2.1764000000/mx.customer.example"

This is a MIME-encapsulated message.

--4RqZ7m0001z2.1764000000/mx.customer.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

The mail system

<alice@customer.example>: unknown user

--4RqZ7m0001z2.1764000000/mx.customer.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.customer.example
X-Postfix-Queue-ID: 4RqZ7m0001z2
Arrival-Date: Tue, 24 Nov 2026 09:59:59 +0000 (UTC)

Final-Recipient: rfc822; alice@customer.example
Original-Recipient: rfc822;alice@customer.example
Action: failed
Status: 5.1.1
Diagnostic-Code: X-Postfix; unknown user: "alice"

--4RqZ7m0001z2.1764000000/mx.customer.example
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: Contoso <notices@contoso.example>
To: <alice@customer.example>
Subject: SECRET

--4RqZ7m0001z2.1764000000/mx.customer.example--
`

test.each(['\n', '\r\n'])(
  'a report as mail servers write it is read, whatever its line ends (%j)',
  (end) => {
    expect(accepted(readDeliveryReport(utf8(POSTFIX.replaceAll('\n', end))))).toEqual({
      tokens: [TOKEN],
      recipients: [{ action: 'failed', status: '5.1.1' }],
    })
  },
)

test('nothing that a report quotes comes out of it', () => {
  const quoting = POSTFIX.replace('SECRET', `to bounces+${'z'.repeat(32)}@contoso.example`)
  const report = accepted(readDeliveryReport(utf8(quoting)))
  expect(JSON.stringify(report)).not.toMatch(/alice|zzz|unknown/)
})

test('whatever is not a report is refused', () => {
  for (const text of [
    '',
    'hello',
    POSTFIX.replace('multipart/report', 'multipart/mixed'),
    POSTFIX.replace('message/delivery-status', 'text/plain'),
    POSTFIX.replace('Status: 5.1.1', 'Status: later'),
    POSTFIX.replace('Action: failed', 'Action: eaten'),
    POSTFIX.replace(/boundary=.*/, ''),
    POSTFIX.slice(0, 900),
    `${'X: y\n'.repeat(300)}${POSTFIX}`,
  ])
    expect(reasonOf(readDeliveryReport(utf8(text))), text.slice(0, 60)).toBe('bounce-malformed')
})

test('a report of any size and shape is read in bounded time', () => {
  const parts = '--4RqZ7m0001z2.1764000000/mx.customer.example\n'.repeat(40_000)
  const folds = POSTFIX.replace('Subject: Und', `Subject: ${'a\n '.repeat(60_000)}`)
  const groups = POSTFIX.replace('Action: failed', `Action: failed\nX: ${'\n\n'.repeat(100_000)}`)
  for (const text of [parts, folds, groups, POSTFIX + 'x'.repeat(8_000_000), '\n'.repeat(300_000)])
    expect(['accepted', 'bounce-malformed']).toContain(reasonOf(readDeliveryReport(utf8(text))))
})

test('only what says that there is no such address speaks against the address', () => {
  expect(['5.1.1', '5.1.2', '5.1.10', '5.2.1'].every(isAddressGone)).toBe(true)
  expect(['5.2.2', '5.7.1', '5.0.0', '4.1.1', '5.1.8', ''].some(isAddressGone)).toBe(false)
})
