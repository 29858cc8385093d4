import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fixture } from './support/pictures.ts'
import { exchange } from './support/raw-http.ts'
import { startService, type TestService } from './support/service.ts'

let service: TestService
let photo: Buffer

beforeAll(async () => {
  service = await startService()
  photo = await fixture('one-pixel.png')
})
afterAll(async () => await service[Symbol.asyncDispose]())

type Part = { headers: readonly string[]; body: string | Buffer }

const DISPOSITION = 'Content-Disposition: form-data'
const file = (disposition = '; name="file"; filename="a.png"', ...headers: string[]): Part => ({
  headers: [DISPOSITION + disposition, ...headers],
  body: photo,
})
const field = (name: string, value: string): Part => ({
  headers: [`${DISPOSITION}; name="${name}"`],
  body: value,
})

function formOf(parts: readonly Part[], end = '--x--\r\n'): Buffer {
  const pieces = parts.flatMap(({ headers, body }) => [
    `--x\r\n${headers.join('\r\n')}\r\n\r\n`,
    body,
    '\r\n',
  ])
  return Buffer.concat([...pieces, end].map((piece) => Buffer.from(piece)))
}

/** One form over a socket of its own; resolves to the status and the code of the reply. */
async function send(form: Buffer, pieceBytes = 65_536): Promise<[number, string?]> {
  const head = [
    'POST /v1/photos HTTP/1.1',
    'Host: x',
    `Authorization: Bearer ${await service.token('alice')}`,
    'Content-Type: multipart/form-data; boundary=x',
    `Content-Length: ${form.length}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n')
  const [reply] = await exchange(service.url, Buffer.concat([Buffer.from(head), form]), pieceBytes)
  if (reply === undefined) throw new Error('There was no reply.')
  const { code } = JSON.parse(reply.body)
  return code === undefined ? [reply.status] : [reply.status, code]
}

describe('a part of a form', () => {
  test.each<[string, (() => Part)[], [number, string?]]>([
    ['is the file by its name alone', [() => file('; name="file"')], [201]],
    ['is the file by its file name', [() => file('; name="picture"; filename="a.png"')], [201]],
    ['is the file by its type', [() => file('; name="picture"', 'Content-Type: image/png')], [201]],
    ['without a name is refused', [() => file(''), () => file()], [400, 'invalid_form']],
    ['without a name is refused as a file', [() => file('; filename="a.png"')], [400, 'invalid_form']],
    ['without a name is refused after the file', [() => file(), () => file('')], [400, 'invalid_form']],
    [
      'is a field by its name, even as a file',
      [() => file('; name="filter"; filename="a"')],
      [400, 'missing_file'],
    ],
    [
      'is none of the form when it does not say so',
      [() => ({ headers: ['Content-Disposition: attachment; name="colour"'], body: 'red' }), () => file()],
      [201],
    ],
    ['may be no field', [() => field('colour', 'red'), () => file()], [400, 'invalid_field']],
    [
      'may be no field, however many come',
      [...'abcdefghij'].map((name) => () => field(name, 'x')).concat(() => file()),
      [400, 'invalid_field'],
    ],
    [
      'may not come twice',
      [() => field('focus', '0,0'), () => field('focus', '1,1'), () => file()],
      [400, 'invalid_field'],
    ],
    [
      'may not be like a property of all objects',
      [() => field('__proto__', 'x'), () => file()],
      [400, 'invalid_form'],
    ],
    [
      'may not be JSON',
      [
        () => ({
          headers: [`${DISPOSITION}; name="focus"`, 'Content-Type: application/json'],
          body: '[0,0]',
        }),
        () => file(),
      ],
      [400, 'invalid_field'],
    ],
  ])('%s', async (_what, parts, wanted) => {
    for (const pieceBytes of [1, 1400, 65_536]) {
      expect(await send(formOf(parts.map((part) => part())), pieceBytes)).toEqual(wanted)
    }
  })

  test.each<[string, string, number]>([
    ['strength', '0.5', 201],
    ['strength', '.5', 201],
    ['strength', '1e-1', 201],
    ['strength', '0x1', 400],
    ['strength', '', 400],
    ['strength', ' ', 400],
    ['strength', 'true', 400],
    ['strength', '[1]', 400],
    ['focus', '0,1.0', 201],
    ['focus', '.5, .5', 201],
    ['focus', '0.5,', 400],
    ['focus', '1.5,0', 400],
    ['focus', '0x1,0', 400],
    ['visibility', 'PRIVATE', 400],
    ['filter', 'Mono', 400],
    ['alt', '🛶'.repeat(2_000), 201],
    ['alt', 'é'.repeat(2_001), 400],
    ['alt', 'a\0b', 400],
  ])('is held against the schema of fields: %s "%s"', async (name, value, status) => {
    const fields = name === 'strength' ? [field('filter', 'mono'), field(name, value)] : [field(name, value)]

    expect((await send(formOf([...fields, file()])))[0]).toBe(status)
  })
})

test('no form ends in a 500 or without a reply, however it is broken and cut', {
  timeout: 600_000,
}, async () => {
  const quoted = fc.oneof(
    fc.constantFrom(
      'file',
      'filter',
      'strength',
      'focus',
      'visibility',
      '',
      '__proto__',
      'constructor',
      'a\\"b',
      'é',
    ),
    fc.string({ maxLength: 12 }),
  )
  const header = fc.oneof(
    quoted.map((name) => `${DISPOSITION}; name="${name}"`),
    fc
      .tuple(quoted, quoted)
      .map(([name, fileName]) => `${DISPOSITION}; name="${name}"; filename="${fileName}"`),
    fc.constantFrom(
      DISPOSITION,
      'Content-Disposition: attachment; name="file"',
      `${DISPOSITION}; filename="a.png"`,
      `${DISPOSITION}; name=file`,
      `${DISPOSITION}; name*=UTF-8''file`,
      'Content-Type: application/json',
      'Content-Type: image/png',
      'Content-Type: text/plain; charset=no-such',
      'Content-Type: ;;;',
      'Content-Transfer-Encoding: base64',
      'nonsense',
      ': ',
    ),
    fc.string({ unit: 'binary', maxLength: 30 }),
  )
  const body = fc.oneof(
    fc.constantFrom(
      'mono',
      '0.5',
      '0.5,0.5',
      'public',
      '{}',
      '"x"',
      '',
      '--x',
      '\r\n--x--',
      'x'.repeat(3_000),
    ),
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(photo),
  )
  const part = fc.record({ headers: fc.array(header, { maxLength: 3 }), body })
  const sound = fc.constantFrom(
    file(),
    file('; name="file"'),
    field('filter', 'mono'),
    field('strength', '1'),
  )
  const form = fc.record({
    parts: fc.array(fc.oneof(part, sound), { maxLength: 6 }),
    end: fc.constantFrom('--x--\r\n', '--x--', '', '--x', '--x\r\n', '--y--\r\n'),
    /** How much of it there is. */
    sent: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
    pieceBytes: fc.constantFrom(1, 1400, 65_536),
  })

  await fc.assert(
    fc.asyncProperty(form, async ({ parts, end, sent, pieceBytes }) => {
      const whole = formOf(parts, end)
      const cut = whole.subarray(0, Math.ceil(whole.length * sent))

      const [status, code] = await send(cut, pieceBytes)

      expect(status === 201 || (status >= 400 && status < 500 && code !== undefined)).toBe(true)
    }),
    { numRuns: 300 },
  )
  expect((await fetch(`${service.url}/healthz`)).status).toBe(200)
})
