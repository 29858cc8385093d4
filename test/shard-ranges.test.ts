import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { parseShardRanges, parseShards } from '../src/config/shard-ranges.ts'

function parse(text: string) {
  const problems: string[] = []
  return { ...parseShardRanges(text, (problem) => problems.push(problem)), problems }
}

/** Ways to cut 0-8191 into neighbours. */
const cuts = fc
  .uniqueArray(fc.integer({ min: 1, max: 8191 }), { maxLength: 6 })
  .map((firsts) => [0, ...firsts.toSorted((a, b) => a - b)])

const rangesOfCuts = (firsts: readonly number[]) =>
  firsts.map((from, index) => ({
    from,
    to: (firsts[index + 1] ?? 8192) - 1,
    url: `postgres://u:p%40@host-${index}/db`,
  }))

describe('DATABASE_SHARDS', () => {
  test('is read in any order, whatever the ranges are', () => {
    fc.assert(
      fc.property(cuts, fc.boolean(), (firsts, backwards) => {
        const ranges = rangesOfCuts(firsts)
        const parts = ranges.map(({ from, to, url }) => `${from === to ? from : `${from}-${to}`}=${url}`)
        const text = (backwards ? parts.toReversed() : parts).join(backwards ? ' , ' : ',')

        expect(parse(text)).toEqual({ ranges, replicas: new Map(), problems: [] })
      }),
    )
  })

  test('names the shards that no database has, and those that two have', () => {
    fc.assert(
      fc.property(cuts, fc.nat(), (firsts, pick) => {
        const ranges = rangesOfCuts(firsts)
        const odd = ranges[pick % ranges.length] as (typeof ranges)[0]
        const name = odd.from === odd.to ? String(odd.from) : `${odd.from}-${odd.to}`
        const write = (part: typeof ranges) =>
          part.map(({ from, to, url }) => `${from}-${to}=${url}`).join(',')

        const without = parse(write(ranges.filter((range) => range !== odd)))
        const twice = parse(write([...ranges, odd]))

        expect(twice.problems).toEqual([`gives two databases the shards ${name}`])
        if (ranges.length > 1) expect(without.problems).toEqual([`gives no database the shards ${name}`])
      }),
    )
  })

  test.each([
    '0-8192=postgres://a/db',
    '5-4=postgres://a/db',
    'all=postgres://a/db',
    '0-8191',
    '0-8191=mysql://a/db',
  ])('refuses %s', (text) => {
    expect(parse(text).problems).not.toEqual([])
  })

  test('names the replicas of each database, in any of its ranges', () => {
    const { ranges, replicas, problems } = parse(
      '0-99=postgres://a/db|postgres://c/db , 100-4095=postgres://b/db | postgres://d/db|postgres://e/db, 4096-8191=postgres://a/db',
    )

    expect(problems).toEqual([])
    expect(ranges.map(({ url }) => url)).toEqual(['postgres://a/db', 'postgres://b/db', 'postgres://a/db'])
    expect(replicas).toEqual(
      new Map([
        ['postgres://a/db', ['postgres://c/db']],
        ['postgres://b/db', ['postgres://d/db', 'postgres://e/db']],
      ]),
    )
  })

  test.each([
    ['postgres://a/db|', 'must have for its replica, after the |, a URL'],
    ['postgres://a/db|mysql://b/db', 'must have for its replica, after the |, a URL'],
    ['postgres://a:p|q@c/db', 'must have for its replica'],
    ['postgres://a/db|postgres://b/db|c', 'must have for its replica 2'],
    ['postgres://a/db|postgres://a/db', 'has as its replica the database itself'],
    ['postgres://a/db|postgres://b/db|postgres://b/db', 'has as its replica 2 one that it has already'],
    ['|postgres://a/db', 'must be a URL that begins with postgres://'],
  ])('refuses %s, and so does DATABASE_URL', (urls, problem) => {
    expect(() => loadConfig({ DATABASE_SHARDS: `0-8191=${urls}` })).toThrow(
      `DATABASE_SHARDS for 0-8191 ${problem}`,
    )
    expect(() => loadConfig({ DATABASE_URL: urls })).toThrow(`DATABASE_URL ${problem}`)
  })

  test('refuses a replica of two databases, and one that is a database of its own, without their passwords', () => {
    const ofTwo = parse(
      '0-99=postgres://a/db|postgres://u:hush@c/db,100-8191=postgres://b/db|postgres://u:hush@c/db',
    )
    const ofItsOwn = parse('0-99=postgres://a/db|postgres://b/db,100-8191=postgres://b/db')

    expect(ofTwo.problems).toEqual(['has postgres://…@c/db as the replica of two databases'])
    expect(ofItsOwn.problems).toEqual(['has postgres://b/db as a replica and as a database of its own'])
  })

  test('is refused with its name, without its passwords, and beside DATABASE_URL', () => {
    const load = () =>
      loadConfig({ DATABASE_URL: 'postgres://a/b', DATABASE_SHARDS: '0-9000=postgres://u:hush@a/db' })

    expect(load).toThrow('DATABASE_SHARDS gives no database the shards')
    expect(load).toThrow('not both')
    expect(load).not.toThrow('hush')
  })
})

test('a range of shards is one number or two', () => {
  expect(parseShards('17')).toEqual({ from: 17, to: 17 })
  expect(parseShards('0-8191')).toEqual({ from: 0, to: 8191 })
  for (const text of ['', '8192', '2-1', '-1', '1-', '1-2-3']) expect(parseShards(text)).toBe(null)
})
