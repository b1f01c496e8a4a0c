import { msgpackCodec } from '@arpeggio/codec-msgpack'
import { yamlCodec } from '@arpeggio/codec-yaml'
import { Results } from '@arpeggio/core'
import { orSkip } from '@arpeggio/testing'
import { describe, expect, it } from 'vitest'
import { bytesOf, fixturesOf, folderOf } from '../../src/fixtures/fixture.ts'
import { rows } from '../../src/rows.ts'
import { expectations } from '../expectations.ts'

// What Celery left in a store is put back as it was, and read through our adapter, without Python.
describe.each(rows)('$name', (row) => {
  const fixtures = fixturesOf(folderOf(row)).filter(({ name }) => expectations[name] !== undefined)
  const started = row.start()
  started.catch(() => undefined) // the tests tell

  it.for(fixtures)('reads $name of Celery $celery', async ({ name, settings, values }, context) => {
    const store = await orSkip(started, context)
    for (const [key, value] of Object.entries(values)) await store.restore(key, bytesOf(value))
    await using results = new Results({ backend: store.open(settings), ...settings, codecs: [msgpackCodec, yamlCodec] })
    expect(await results.getTaskMeta(name)).toMatchObject(expectations[name] ?? {})
  })
})
