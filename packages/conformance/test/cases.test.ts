import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'vitest'
import { type Case, cases, musts } from '../src/index.ts'

const casesFolder = new URL('../src/cases/', import.meta.url)
const contractFolder = new URL('../../core/src/backend/', import.meta.url)

describe('the list of cases', () => {
  it('has every case of every file in the folder of cases, once', async () => {
    const collected: Case[] = []
    for (const file of await readdir(casesFolder)) {
      const exported = Object.values((await import(new URL(file, casesFolder).href)) as Record<string, readonly Case[]>)
      assert.equal(exported.length, 1, `${file} exports one list`)
      collected.push(...exported.flat())
    }
    assert.deepEqual(new Set(cases), new Set(collected))
    assert.equal(cases.length, collected.length)
  })

  it('gives every case a name of its own', () => {
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length)
  })

  it('has a case for every demand of the contract', () => {
    const shown = new Set(cases.flatMap((member) => member.musts))
    assert.deepEqual(
      Object.keys(musts).filter((name) => !shown.has(name as keyof typeof musts)),
      [],
    )
  })
})

describe('the list of demands', () => {
  it('has every sentence of the contract that demands something, in its words', async () => {
    const sentences = await demandsOf(contractFolder)
    const words = Object.values(musts)
    assert.ok(sentences.length > 15)
    assert.deepEqual(
      sentences.filter((sentence) => !words.some((word) => sentence.includes(word))),
      [],
    )
    assert.deepEqual(
      words.filter((word) => !sentences.some((sentence) => sentence.includes(word))),
      [],
    )
  })
})

/** The sentences with a "must" in the comments of a folder's sources. */
async function demandsOf(folder: URL): Promise<readonly string[]> {
  const sentences: string[] = []
  for (const file of ['backend.ts', 'value.ts']) {
    const source = await readFile(new URL(file, folder), 'utf8')
    for (const [comment] of source.matchAll(/\/\*\*.*?\*\//gs)) {
      const text = comment.replaceAll(/^\s*\/?\*+\/?|\*\/$/gm, ' ').replaceAll(/\s+/g, ' ')
      sentences.push(...text.split(/(?<=[.]) |; core /).filter((sentence) => /\bmust\b/i.test(sentence)))
    }
  }
  return sentences
}
