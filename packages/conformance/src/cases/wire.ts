import assert from 'node:assert/strict'
import { BackendError, type Results, wrap } from '@arpeggio/core'
import { type Case, ChapterCases } from '../case.ts'
import { documentKey, report, resultsOver } from '../documents.ts'
import { within } from '../eventually.ts'
import { stored, textOf } from '../values.ts'

const written =
  '{"status": "SUCCESS", "result": {"total": 3, "name": "K\\u00e4se"}, "traceback": null, "children": [], "date_done": "2026-01-02T03:04:05.678901+00:00", "task_id": "a"}'

/** Documents that no reader may make anything of. */
const unreadable: Readonly<Record<string, string | Uint8Array>> = {
  'an array': '[1, 2]',
  'a number': '42',
  'nothing but an opening': '{"status": "SUCCESS", "result": ',
  'a hundred thousand arrays in each other': `{"status": "SUCCESS", "result": ${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  'a status that is an object': '{"status": {"toString": null}, "result": 1}',
  'bytes that are no UTF-8': new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
  gzip: new Uint8Array([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0x4b, 0x04, 0, 0x43, 0xbe, 0xb7, 0xe8, 1, 0, 0, 0]),
  'a pickle': new Uint8Array([0x80, 0x04, 0x95, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0x7d, 0x94, 0x2e]),
}

/** As long as the function is told, and whether a reader may make something of it. */
const large: Readonly<Record<string, (length: number) => string>> = {
  'one string': (length) => success(`"${'x'.repeat(length)}"`),
  'a string of escapes': (length) => success(`"${repeated('\\u0000', length)}"`),
  'a string without an end': (length) => `{"status": "SUCCESS", "result": "${'x'.repeat(length)}`,
  'nothing but openings': (length) => '['.repeat(length),
  'objects in each other': (length) => repeated('{"a":', length),
  'one integer': (length) => success('9'.repeat(length)),
  'equal keys': (length) => success(`{${repeated('"a": 1,', length)}"a": 2}`),
  'a list that only Python writes': (length) => success(`[${repeated('NaN,', length)}1]`),
  'typed values': (length) => success(`[${repeated('{"__type__": "bytes", "__value__": "x"},', length)}1]`),
  blanks: (length) => ' '.repeat(length),
  'the name of an exception': (length) => `{"status": "FAILURE", "result": {"exc_type": "${'E'.repeat(length)}"}}`,
  'the name of a state': (length) => `{"status": "${'S'.repeat(length)}", "result": null}`,
}

/** Failures that name what nobody may load. */
const exceptions: readonly string[] = [
  '{"exc_type": "system", "exc_module": "os", "exc_message": ["rm -rf /"]}',
  '{"exc_type": "constructor", "exc_module": "__proto__", "exc_message": ["x"]}',
  '{"exc_type": "__proto__", "exc_module": "constructor", "exc_message": {"__proto__": {"polluted": 1}}}',
  '{"exc_type": "Function", "exc_module": "builtins", "exc_message": ["return process"]}',
  '{"exc_type": "toString", "exc_module": null, "exc_message": "x"}',
]

/** What is on the store: readable to Celery, and harmless whoever wrote it. */
export const wire: readonly Case[] = new ChapterCases('wire')
  .add('a document that Celery wrote is read, as text and as bytes', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      for (const value of [written, new TextEncoder().encode(written), written.replaceAll(/(?<=[:,]) /g, '')]) {
        await backend.set({ key: documentKey(prefix, 'a'), value })
        const meta = await results.getTaskMeta('a', { cache: false })
        assert.equal(meta.status, 'SUCCESS')
        assert.deepEqual(meta.result, { total: 3, name: 'Käse' })
        assert.equal(meta.dateDone?.toISOString(), '2026-01-02T03:04:05.678Z')
      }
    },
  })
  .add('a document that is written stands under the key that Celery reads, with what Celery looks for, status first', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      await report(results, 'a', 'SUCCESS', { total: 3 })
      const text = textOf(await backend.get(documentKey(prefix, 'a'))) ?? ''
      assert.match(text, /^\{"status": ?"SUCCESS"/)
      const document: unknown = JSON.parse(text)
      assert.partialDeepStrictEqual(document, {
        status: 'SUCCESS',
        result: { total: 3 },
        traceback: null,
        task_id: 'a',
      })
    },
  })
  .add('ids of any letters come back as they are', {
    musts: ['keys are opaque'],
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      const ids = ['a/b', '../a', 'a%2Fb', 'A', 'a', 'ü', '🎼', 'i'.repeat(300)]
      for (const id of ids) await report(results, id, 'SUCCESS', id)
      for (const id of ids) {
        const meta = await results.getTaskMeta(id, { cache: false })
        assert.deepEqual([meta.taskId, meta.result], [id, id])
      }
    },
  })
  .add('a hostile document is unreadable, soon, and to whoever waits for it', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix, { onWarning: () => undefined })
      for (const [name, value] of Object.entries(unreadable)) {
        await backend.set({ key: documentKey(prefix, 'a'), value })
        await assert.rejects(within(patienceMs, name, results.getTaskMeta('a', { cache: false })), isUnreadable, name)
        await assert.rejects(results.result('a').get({ timeoutMs: patienceMs }), isUnreadable, `a wait for ${name}`)
      }
    },
  })
  .add('a large hostile document is read or unreadable, soon, and ends no neighbour of it', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix, { onWarning: () => undefined })
      await report(results, 'neighbour', 'SUCCESS', 'unharmed')
      const length = Math.min(4_000_000, backend.limits.maxValueBytes) - 300
      for (const [name, build] of Object.entries(large)) {
        await backend.set({ key: documentKey(prefix, 'a'), value: build(length) })
        const meta = within(patienceMs, name, results.getTaskMeta('a', { cache: false }))
        await meta.catch((error: unknown) => assert.ok(isUnreadable(error), `${name}: ${String(error)}`))
        assert.equal(await results.result('neighbour').get({ timeoutMs: patienceMs }), 'unharmed')
      }
    },
  })
  .add('a result over the limit of the store is too large, and never sent', {
    async run({ backend, prefix }) {
      const maxValueBytes = Math.min(backend.limits.maxValueBytes, 100_000)
      const limited = wrap(backend, { limits: { ...backend.limits, maxValueBytes } })
      await using results = resultsOver(limited, prefix)
      await report(results, 'none', 'SUCCESS', '')
      const fits = maxValueBytes - (textOf(await stored(backend, documentKey(prefix, 'none'))) ?? '').length
      await report(results, 'fits', 'SUCCESS', 'x'.repeat(fits))
      assert.equal(await results.result('fits').get({ timeoutMs: 0 }), 'x'.repeat(fits))
      await assert.rejects(report(results, 'over', 'SUCCESS', 'x'.repeat(fits + 1)), isTooLarge)
      assert.equal(await backend.get(documentKey(prefix, 'over')), undefined)
    },
  })
  .add('names like __proto__ are keys of a result and nothing more, and the last of two equal keys counts', {
    async run({ backend, prefix }) {
      await using results = resultsOver(backend, prefix)
      const result = '{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}, "a": 1, "a": 2}'
      const value = `{"status": "SUCCESS", "__proto__": {"polluted": 1}, "result": ${result}, "traceback": null, "children": []}`
      await backend.set({ key: documentKey(prefix, 'a'), value })
      const meta = await results.getTaskMeta('a', { cache: false })
      assert.equal(Reflect.get({}, 'polluted'), undefined)
      assert.equal(Reflect.get(meta, 'polluted'), undefined)
      const decoded = meta.result as Readonly<Record<string, unknown>> // the object above
      assert.equal(decoded['a'], 2)
      assert.equal(decoded['polluted'], undefined)
    },
  })
  .add('a failure that names what nobody may load is an error that says so, and loads nothing', {
    async run({ backend, prefix, patienceMs }) {
      await using results = resultsOver(backend, prefix)
      for (const exception of exceptions) {
        const value = `{"status": "FAILURE", "result": ${exception}, "traceback": null, "children": []}`
        await backend.set({ key: documentKey(prefix, 'a'), value })
        await assert.rejects(resultOf(results, patienceMs), (error) => error instanceof Error)
        assert.equal(Reflect.get({}, 'polluted'), undefined)
      }
    },
  })
  .list()

function isUnreadable(error: unknown): boolean {
  return BackendError.is(error, 'unreadable')
}

function isTooLarge(error: unknown): boolean {
  return BackendError.is(error, 'too-large')
}

function success(result: string): string {
  return `{"status": "SUCCESS", "result": ${result}, "traceback": null, "children": [], "task_id": "a"}`
}

/** The pattern as often as it fits. */
function repeated(pattern: string, length: number): string {
  return pattern.repeat(Math.floor(length / pattern.length))
}

function resultOf(results: Results, timeoutMs: number): Promise<unknown> {
  return results.result('a').get({ timeoutMs })
}
