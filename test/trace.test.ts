import type { IncomingMessage } from 'node:http'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PhotoReply } from '../src/http/schemas/photo.ts'
import { traceparentOf } from '../src/http/trace.ts'
import { fixture } from './support/pictures.ts'
import { recordedLog, startService } from './support/service.ts'
import { sendBytes } from './support/uploads.ts'

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('a phone’s trace is told back, and stands in every line that its upload leads to, those of the worker included', async () => {
  const { lines, log } = recordedLog()
  await using service = await startService({}, log)
  await using _worker = service.work()
  const photo = await fixture('plain.jpg')

  const reply = await sendBytes(service, photo, {
    headers: { traceparent: TRACEPARENT, 'x-request-id': 'phone-1', prefer: 'wait=60' },
  })
  const refused = await sendBytes(service, Buffer.from('no picture'), {
    headers: { traceparent: TRACEPARENT, 'x-request-id': 'phone-2' },
  })

  for (const each of [reply, refused]) expect(each.headers.get('traceparent')).toBe(TRACEPARENT)
  expect([reply, refused].map(({ headers }) => headers.get('x-request-id'))).toEqual(['phone-1', 'phone-2'])
  const { id } = (await reply.json()) as PhotoReply
  const linesOf = (requestId: string) => lines.filter((line) => line.requestId === requestId)
  const logged = async (requestId: string, line: object) =>
    await expect.poll(() => linesOf(requestId)).toContainEqual(expect.objectContaining(line))
  await logged('phone-1', { msg: 'job done', job: `resize-${id}` })
  await logged('phone-1', {
    ...{ msg: 'upload ended', status: 201, photoId: id, isNew: true, format: 'jpeg', bytes: photo.length },
    ...{ wireMs: expect.any(Number), ms: expect.any(Number) },
  })
  await logged('phone-2', { msg: 'upload ended', status: 415 })
  await logged('phone-2', { code: 'unsupported_format' })
  for (const line of [...linesOf('phone-1'), ...linesOf('phone-2')])
    expect(line.traceparent).toBe(TRACEPARENT)
})

test('a traceparent is kept as W3C has it, and none is made of what is not', () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`))
  const kept = (traceparent: string) =>
    traceparentOf({ headers: { traceparent } } as unknown as IncomingMessage)

  fc.assert(
    fc.property(hex(2), hex(32), hex(16), hex(2), (version, trace, parent, flags) => {
      const text = [version, trace, parent, flags].join('-')
      const isValid = version !== 'ff' && !/^0+$/.test(trace) && !/^0+$/.test(parent)
      expect(kept(text)).toEqual(isValid ? { traceparent: text } : {})
      expect(kept(`${text}-more`)).toEqual(isValid && version !== '00' ? { traceparent: `${text}-more` } : {})
      for (const bad of [
        text.slice(1),
        `${text} x`,
        `${text}\n`,
        text.toUpperCase().replace(/^[0-9-]*$/, 'X'),
      ])
        expect(kept(bad)).toEqual({})
    }),
  )
})
