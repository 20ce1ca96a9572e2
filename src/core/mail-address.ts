import { accept, refuse, type Result } from './result.ts'

/** A mail address of the form that every mail server takes. */
export interface MailAddress {
  /** As its owner writes it: only the owner's server may say that two spellings are one. */
  readonly local: string
  /** A DNS name in lower case. */
  readonly domain: string
}

/** RFC 5321 section 4.5.3.1. */
const LOCAL_MAX = 64
const ADDRESS_MAX = 254
/** The dot-atom of RFC 5322 section 3.2.3. Quoted local parts are left out: they may hold spaces, and hardly anybody has one. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/
const DOMAIN =
  /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/

/**
 * Reads a mail address. Internationalised domains stand in their ASCII form (`xn--…`).
 *
 * Strict, because the address goes into headers, SMTP commands and the addresses of key directories. Refuses `mail-address-invalid`.
 */
export function readMailAddress(text: string): Result<MailAddress> {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(0, at))
  const domain = text.slice(at + 1).toLowerCase()
  const isGood =
    text.length <= ADDRESS_MAX &&
    local.length <= LOCAL_MAX &&
    LOCAL.test(local) &&
    DOMAIN.test(domain)
  return isGood ? accept({ local, domain }) : refuse('mail-address-invalid')
}

/** Writes a mail address. */
export function formatAddress({ domain, local }: MailAddress): string {
  return `${local}@${domain}`
}

/** The one spelling under which an address is looked up: ASCII letters in lower case, as mail servers in use treat them. */
export function addressKey(address: MailAddress): string {
  return formatAddress(address).replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** The address in a user ID: between its angle brackets, or all of it; `undefined` where there is none. */
export function addressOfUserId(userId: string): MailAddress | undefined {
  const inside = /^[^<>]*<([^<>]+)>$/.exec(userId)?.[1] ?? userId
  const address = readMailAddress(inside)
  return address.ok ? address.value : undefined
}
