import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openServiceCrypto } from '#adapters/keys/openpgp.ts'
import { answerChallenge, openMessage } from '#client/openpgp.ts'
import { lineHash, parseLine, splitChunk } from '#core/bundle.ts'
import { ACT_RULES } from '#core/act-rules.ts'
import { base64, fromBase64, fromHex, fromUtf8, hex, utf8 } from '#core/bytes.ts'
import { canonicalJson } from '#core/canonical-json.ts'
import { challengeAnswer, challengeText, isChallengeAnswer } from '#core/challenge.ts'
import {
  briefCommitment,
  lineCommitment,
  normaliseAccount,
  templateCommitment,
} from '#core/commitment.ts'
import { checkEntity, composeEntity, readEntity } from '#core/entity.ts'
import { sha256Hex } from '#core/hash.ts'
import { addendumLeafHash, composeAddendum, logEntry, recordHash } from '#core/log/leaf.ts'
import { leafHash, merkleTree, treePath, treeRoot, verifyInclusion } from '#core/log/merkle.ts'
import { parseVkey } from '#core/log/note.ts'
import { formatLogProof, parseLogProof, verifyLogProof } from '#core/log/proof.ts'
import { isWork, mailboxId, tokenHash } from '#core/mailbox.ts'
import { renderNotice } from '#core/notice-text.ts'
import { readSignature, verifySignature } from '#core/openpgp.ts'
import { checkEnvelope, readArmor, splitSignedMessage } from '#core/packets.ts'
import {
  type ActRecord,
  type HeadRecord,
  readActRecord,
  readHeadRecord,
  recordBytes,
} from '#core/record.ts'
import type { Result } from '#core/result.ts'
import { templateHash, textHash } from '#core/template.ts'
import { parseAct } from '#wire/act.ts'
import { parseStatement } from '#wire/notice.ts'
import { keyOf, NOW, readKeys } from './keys.ts'
import { readVectors } from './schemas.ts'

const keys = readKeys()

/** The value of a check that must pass, with the reason where it does not. */
function passed<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.refusal.reason}: ${result.refusal.detail ?? ''}`)
  return result.value
}

function reasonOf(result: Result<unknown>): string | undefined {
  return result.ok ? undefined : result.refusal.reason
}

function bytesOf(given: {
  base64?: string | undefined
  repeat?: { count: number; text: string } | undefined
  text?: string | undefined
}): Uint8Array {
  if (given.repeat !== undefined) return utf8(given.repeat.text.repeat(given.repeat.count))
  return given.base64 === undefined ? utf8(given.text ?? '') : decoded(given.base64)
}

function decoded(text: string): Uint8Array {
  const bytes = fromBase64(text)
  if (bytes === undefined) throw new Error('not base64')
  return bytes
}

function unhexed(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error('not hex')
  return bytes
}

test('no file differs from its checksum', () => {
  const sums = readFileSync(new URL('SHA256SUMS', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const found = readdirSync(new URL('.', import.meta.url))
    .filter((file) => /\.(?:json|ndjson)$/.test(file))
    .toSorted()
    .map((file) => `${sha256Hex(readFileSync(new URL(file, import.meta.url)))}  ${file}`)
  expect(sums).toEqual(found)
})

describe('acts.json', () => {
  const { refused, valid } = readVectors('acts.json')

  test.each(valid)(
    '$name is read, and written again the same',
    ({ at, expires, id, name, text }) => {
      const parsed = passed(parseAct(utf8(text)))
      expect(parsed).toMatchObject({ at, expires, id, act: { type: name } })
      // oxlint-disable-next-line typescript/no-unsafe-argument -- JSON.parse yields exactly Json
      expect(fromUtf8(canonicalJson(JSON.parse(text)))).toBe(text)
    },
  )

  test('there is one of every type, and refusals of every kind', () => {
    expect(new Set(valid.map(({ name }) => name))).toEqual(new Set(Object.keys(ACT_RULES)))
    expect(new Set(refused.map(({ refusal }) => refusal)).size).toBe(9)
  })

  test.each(refused)('refused: $name', ({ refusal, ...given }) => {
    expect(reasonOf(parseAct(bytesOf(given)))).toBe(refusal)
  })
})

describe('signatures.json', () => {
  const { refused, valid } = readVectors('signatures.json')
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- beside its only uses
  const verify = async (given: { armored: string; certificate: string; payload: string }) => {
    const packet = readArmor(given.armored, 'PGP SIGNATURE')
    if (!packet.ok) return packet
    const read = readSignature(packet.value)
    if (!read.ok) return read
    return await verifySignature({
      payload: utf8(given.payload),
      signature: packet.value,
      certificate: decoded(given.certificate),
      validAt: [NOW],
    })
  }

  test.each(valid)('good: $name', async (given) => {
    const verified = passed(await verify(given))
    expect(base64(verified.packet)).toBe(given.packet)
    expect(sha256Hex(verified.packet)).toBe(given.packet_sha256)
    expect(verified).toMatchObject({
      createdAt: given.created_at,
      fingerprint: given.fingerprint,
      packetHash: given.packet_sha256,
    })
  })

  test('what is written into the unhashed area does not change what a record names', () => {
    const hashes = valid.filter(({ payload }) => payload === valid[0]?.payload)
    expect(hashes).toHaveLength(3)
    expect(new Set(hashes.map(({ packet_sha256: hash }) => hash)).size).toBe(1)
    expect(new Set(hashes.map(({ armored }) => armored)).size).toBe(3)
  })

  test.each(refused)('refused: $name', async ({ refusal, ...given }) => {
    expect(reasonOf(await verify(given))).toBe(refusal)
  })
})

describe('mailboxes.json', () => {
  const { ids, tokens, work } = readVectors('mailboxes.json')

  test.each(ids)('$mailbox', ({ fingerprint, mailbox, salt }) => {
    expect(mailboxId(fingerprint, salt)).toBe(mailbox)
  })

  test.each(tokens)('the hash of token $token', ({ token, token_hash: hash }) => {
    expect(tokenHash(token)).toBe(hash)
  })

  test.each(work)('work $work: $holds', ({ day, digest, holds, mailbox, work: text }) => {
    expect(sha256Hex(utf8(`dunant-work-v1\n${mailbox}\n${day}\n${text}`))).toBe(digest)
    expect(isWork(mailbox, day, text)).toBe(holds)
  })
})

describe('challenges.json', () => {
  const { claims, issued, secret, texts } = readVectors('challenges.json')

  test.each(issued)('$purpose: text, answer and decrypted message agree', async (challenge) => {
    const { answer, key, message, text } = challenge
    const certificate = decoded(keys.openpgp[key].certificate)
    expect(challengeAnswer(unhexed(secret), { ...challenge, certificate })).toBe(answer)
    expect(challengeText(challenge)).toBe(text)
    expect(passed(await answerChallenge(await keyOf(keys, key), message, challenge))).toBe(answer)
  })

  test.each(claims)('an answer $name: $holds', ({ certificate: of, holds, now, ...claim }) => {
    const certificate = decoded(keys.openpgp[of].certificate)
    expect(isChallengeAnswer(unhexed(secret), { ...claim, certificate }, now)).toBe(holds)
  })

  test.each(texts)('a decrypted text $name', async ({ expected, refusal, text }) => {
    const clock = { now: () => NOW }
    const privateKeyArmored = keys.openpgp.service.private_key
    const service = await openServiceCrypto({ privateKeyArmored, clock })
    const certificate = decoded(keys.openpgp.contoso.certificate)
    const message = await service.encryptChallenge(certificate, text)
    const answer = await answerChallenge(await keyOf(keys, 'contoso'), message, expected)
    expect(reasonOf(answer)).toBe(refusal)
  })
})

describe('merkle.json', () => {
  const { entries, leaf_hashes: leaves, refused, trees } = readVectors('merkle.json')

  test('leaf hashes', () => {
    expect(entries.map((entry) => hex(leafHash(unhexed(entry))))).toEqual(leaves)
  })

  test.each(trees)('a tree of $size leaves', ({ paths, root, size }) => {
    const tree = merkleTree(leaves.slice(0, size).map(unhexed))
    expect(hex(treeRoot(tree))).toBe(root)
    expect(paths).toHaveLength(size)
    for (const [index, path] of paths.entries()) {
      expect(treePath(tree, index).map(hex)).toEqual(path)
      const leaf = unhexed(leaves[index] ?? '')
      passed(
        verifyInclusion({
          index,
          size,
          leafHash: leaf,
          path: path.map(unhexed),
          root: unhexed(root),
        }),
      )
    }
  })

  test.each(refused)('refused: $name', ({ index, leaf_hash: leaf, path, refusal, root, size }) => {
    const claim = {
      index,
      size,
      leafHash: unhexed(leaf),
      path: path.map(unhexed),
      root: unhexed(root),
    }
    expect(reasonOf(verifyInclusion(claim))).toBe(refusal)
  })
})

describe('bundle.json', () => {
  const vectors = readVectors('bundle.json')
  const bytes = readFileSync(new URL('bundle.ndjson', import.meta.url))
  const lines = passed(splitChunk(Uint8Array.from(bytes), ''))

  test('the lines of bundle.ndjson give count and root', () => {
    for (const line of lines) passed(parseLine(line))
    expect(lines).toHaveLength(vectors.count)
    expect(hex(treeRoot(merkleTree(lines.map(lineHash))))).toBe(vectors.root)
  })

  test.each(vectors.paths)('line $index has its path', ({ index, leaf_hash: leaf, line, path }) => {
    expect(lines[index]).toBe(line)
    expect(hex(lineHash(line))).toBe(leaf)
    expect(treePath(merkleTree(lines.map(lineHash)), index).map(hex)).toEqual(path)
  })

  test.each(vectors.lines_refused)('refused line: $name', ({ refusal, ...given }) => {
    expect(reasonOf(parseLine(fromUtf8(bytesOf(given)) ?? ''))).toBe(refusal)
  })

  test.each(vectors.chunks_refused)('refused chunk: $name', ({ last, refusal, text }) => {
    expect(reasonOf(splitChunk(utf8(text), last))).toBe(refusal)
  })

  test.each(vectors.envelopes)('envelope: $name', ({ encryption_keys: own, message, refusal }) => {
    expect(reasonOf(checkEnvelope(decoded(message), own))).toBe(refusal)
  })
})

describe('records.json', () => {
  const { refused, valid } = readVectors('records.json')
  // oxlint-disable-next-line unicorn/consistent-function-scoping -- beside its only uses
  const read = (kind: 'act' | 'head', text: string): Result<ActRecord | HeadRecord> =>
    kind === 'act' ? readActRecord(utf8(text)) : readHeadRecord(utf8(text))

  test.each(valid)('$name', (vector) => {
    const record = recordBytes(passed(read(vector.kind, vector.text)))
    expect(fromUtf8(record)).toBe(vector.text)
    const addendum = composeAddendum({ salt: unhexed(vector.salt), record })
    expect(base64(addendum)).toBe(vector.addendum)
    expect(hex(recordHash(addendum))).toBe(vector.record_hash)
    expect(hex(logEntry(addendum))).toBe(vector.entry)
    expect(hex(addendumLeafHash(addendum))).toBe(vector.leaf_hash)
  })

  test.each(refused)('refused: $kind record, $name', ({ kind, refusal, text }) => {
    expect(reasonOf(read(kind, text))).toBe(refusal)
  })
})

describe('tlog-proofs.json', () => {
  const { log_key: vkey, refused, valid, witnesses } = readVectors('tlog-proofs.json')
  const verify = (text: string) => {
    const proof = parseLogProof(text)
    if (!proof.ok) return proof
    const trust = { vkeys: witnesses.keys, quorum: witnesses.quorum }
    const logVerifier = passed(parseVkey(vkey))
    return verifyLogProof({ proof: proof.value, logVerifier, witnesses: trust })
  }

  test.each(valid)('$name', ({ addendum, index, proof, root, size, status, witnessed }) => {
    const verified = passed(verify(proof))
    expect(verified).toMatchObject({ index, size, status, witnessed })
    expect([hex(verified.root), base64(verified.addendum)]).toEqual([root, addendum])
    expect(formatLogProof(passed(parseLogProof(proof)))).toBe(proof)
  })

  test.each(refused)('refused: $name', ({ proof, refusal }) => {
    expect(reasonOf(verify(proof))).toBe(refusal)
  })
})

describe('commitments.json', () => {
  const { accounts, briefs, lines, templates } = readVectors('commitments.json')

  test.each(templates)('template $template_hash', ({ commitment, salt, template_hash: hash }) => {
    expect(templateCommitment(salt, hash)).toBe(commitment)
  })

  test.each(briefs)('brief $commitment', ({ brief, canonical, commitment, salt }) => {
    expect(fromUtf8(canonicalJson(brief))).toBe(canonical)
    expect(briefCommitment(salt, brief)).toBe(commitment)
  })

  test.each(lines)(
    'line $commitment',
    async ({ commitment, salt, signed_notice: notice, statement }) => {
      const signed = decoded(notice)
      expect(lineCommitment(salt, signed)).toBe(commitment)
      const { content, signature } = passed(splitSignedMessage(signed))
      expect(passed(parseStatement(passed(readEntity(content))))).toEqual(statement)
      const certificate = decoded(keys.openpgp.contoso.certificate)
      const packet = Uint8Array.of(
        0xc2,
        255,
        0,
        0,
        signature.length >> 8,
        signature.length & 255,
        ...signature,
      )
      passed(
        await verifySignature({ payload: content, signature: packet, certificate, validAt: [] }),
      )
    },
  )

  test.each(accounts)('account "$account"', ({ account, normal, refusal }) => {
    const normalised = normaliseAccount(account)
    expect(normalised.ok ? normalised.value : undefined).toBe(normal)
    expect(reasonOf(normalised)).toBe(refusal)
  })
})

describe('entity.json', () => {
  const vector = readVectors('entity.json')
  const { manifest, statement, text } = vector
  const entity = decoded(vector.entity)

  test('the template’s hashes', () => {
    expect(templateHash(manifest)).toBe(vector.template_hash)
    expect(textHash(text)).toBe(vector.text_hash)
    expect(manifest.languages).toContainEqual({ hash: vector.text_hash, language: text.language })
    expect(statement.template.hash).toBe(vector.template_hash)
  })

  test('statement and text give these lines and these bytes', () => {
    const { lines, subject } = passed(renderNotice(text, statement))
    expect([lines, subject]).toEqual([vector.text_lines, vector.subject])
    expect(base64(passed(composeEntity(statement, text)))).toBe(vector.entity)
    expect(sha256Hex(entity)).toBe(vector.entity_sha256)
  })

  test('the bytes give the statement', () => {
    expect(passed(parseStatement(passed(readEntity(entity))))).toEqual(statement)
    passed(checkEntity(entity, statement, text))
  })

  test.each(vector.refused)('refused: another $name', ({ find, refusal, replace }) => {
    const changed = utf8((fromUtf8(entity) ?? '').replace(find, () => replace))
    expect(changed).not.toEqual(entity)
    const read = readEntity(changed)
    expect(reasonOf(read.ok ? checkEntity(changed, statement, text) : read)).toBe(refusal)
  })

  test('the message in the bundle is this entity, signed and encrypted to its reader', async () => {
    const { paths } = readVectors('bundle.json')
    const line = paths
      .map((one) => passed(parseLine(one.line)))
      .find(({ kind }) => kind === 'mailbox')
    if (line?.kind !== 'mailbox') throw new Error('no mailbox line')
    const opened = passed(await openMessage(await keyOf(keys, 'alice_new'), line.message))
    expect(base64(passed(splitSignedMessage(opened)).content)).toBe(vector.entity)
  })
})
