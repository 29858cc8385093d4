import { describe, expect, test } from 'vitest'
import type { Visibility } from '../../src/photo/photo.ts'
import type { PhotoId } from '../../src/photo/photo-id.ts'
import type { OwnerId } from '../../src/photo/shard.ts'
import type { Edit, Wish } from '../owner.ts'
import { accountOfEvents, untold } from '../readers/event-account.ts'
import { Fact } from '../readers/fact.ts'
import type { Told } from '../readers/listener.ts'
import { type Cut, type Page, PageLedger, type Seen } from '../readers/page-ledger.ts'
import type { Attempt } from '../uploader.ts'

const ADA = 'ada' as OwnerId
const openLedger = () => new PageLedger({ seenWithinMs: 0 })
const photo = (number: number, owner = ADA): Seen => ({
  id: String(number),
  owner,
  createdAt: new Date(number * 1_000).toISOString(),
})
const [FIRST, SECOND, THIRD, FOURTH] = [photo(1), photo(2), photo(3), photo(4)]
const NEWEST: Cut = { side: 'newest' }
const PRIVATE = { name: 'visibility', visibility: 'private' } as const
const PUBLIC = { name: 'visibility', visibility: 'public' } as const

/** A page that is asked for and answered now. */
function page(photos: readonly Seen[], told: Partial<Page> = {}): Page {
  const now = performance.now()
  const ends = { hasNewer: false, hasOlder: false }
  const times = { askedAt: now, answeredAt: now }
  return { name: 'a feed', cut: NEWEST, limit: 3, photos, ...ends, ...times, isOf: () => true, ...told }
}

/** What is found of the last of these pages, when they are asked for one after the other. */
function found(ledger: PageLedger, ...pages: readonly Page[]): readonly string[] {
  for (const one of pages) {
    expect(ledger.findings).toEqual([])
    const now = performance.now()
    ledger.look({ ...one, askedAt: now, answeredAt: now })
  }
  return ledger.findings
}

describe('the ledger of pages that were read', () => {
  test('finds nothing in pages that have all that was there, in order', () => {
    const ledger = openLedger()

    found(
      ledger,
      page([FOURTH, THIRD, SECOND], { hasOlder: true }),
      page([FIRST], { cut: { side: 'before', photo: SECOND }, hasNewer: true }),
      page([THIRD, SECOND], {
        cut: { side: 'after', photo: FIRST },
        limit: 2,
        hasNewer: true,
        hasOlder: true,
      }),
      page([THIRD, SECOND], {
        cut: { side: 'around', photo: SECOND },
        limit: 2,
        hasNewer: true,
        hasOlder: true,
      }),
    )

    expect(ledger.findings).toEqual([])
    expect(ledger.pages).toBe(4)
  })

  test('finds a photo that was deleted, and one that was made private, before the page was asked for', () => {
    const ledger = openLedger()
    ledger.look(page([SECOND, FIRST]))
    ledger.asks('1', { name: 'deletion' })
    ledger.grant('1', { name: 'deletion' })
    ledger.asks('2', PRIVATE)
    ledger.grant('2', PRIVATE)

    expect(found(ledger, page([SECOND, FIRST]))).toEqual([
      'a feed, newest: has 2, which was gone',
      'a feed, newest: has 1, which was gone',
    ])
  })

  test('does not mind whether a photo is there that its owner is about to delete, or has made public and nobody has seen', () => {
    const ledger = openLedger()
    ledger.look(page([FIRST]))
    ledger.asks('1', { name: 'deletion' })
    for (const wish of [PRIVATE, PUBLIC]) {
      ledger.asks('2', wish)
      ledger.grant('2', wish)
    }

    expect(found(ledger, page([FIRST]), page([]), page([SECOND]))).toEqual([])
  })

  test('finds that a photo is missing that was seen, and was not made private or is public again', () => {
    const ledger = openLedger()
    ledger.look(page([SECOND, FIRST]))
    for (const wish of [PRIVATE, PUBLIC]) {
      ledger.asks('1', wish)
      ledger.grant('1', wish)
    }

    expect(found(ledger, page([]))).toEqual([
      'a feed, newest: lacks 2 of ada, which was there',
      'a feed, newest: lacks 1 of ada, which was there',
    ])
  })

  test('finds what is missing between the photos of a page, and between them and where it was cut', () => {
    const all = page([FOURTH, THIRD, SECOND, FIRST], { limit: 4 })
    const ends = { hasNewer: true, hasOlder: true, limit: 1 }
    const lacks = (told: Page) => {
      const ledger = openLedger()
      return found(ledger, all, told).map((finding) => /lacks (\d)/.exec(finding)?.[1])
    }

    expect(lacks(page([FOURTH, SECOND], { hasOlder: true, limit: 2 }))).toEqual(['3'])
    expect(lacks(page([SECOND], { ...ends, cut: { side: 'before', photo: FOURTH } }))).toEqual(['3'])
    expect(lacks(page([THIRD], { ...ends, cut: { side: 'after', photo: FIRST } }))).toEqual(['2'])
    expect(lacks(page([SECOND], { ...ends, cut: { side: 'around', photo: SECOND } }))).toEqual([])
  })

  test('finds a page that is short, out of order, has a photo twice, or one that is beyond', () => {
    const wrong = (told: Page) => found(openLedger(), told)

    expect(wrong(page([SECOND], { hasOlder: true }))).toEqual(['a feed, newest: is short, and there is more'])
    expect(wrong(page([FIRST, SECOND]))).toEqual(['a feed, newest: has 1 before 2'])
    expect(wrong(page([FIRST, FIRST]))).toContain('a feed, newest: has a photo twice, or too many')
    expect(wrong(page([THIRD], { cut: { side: 'before', photo: SECOND } }))).toEqual([
      'a feed, before: has 3, from the other side',
    ])
    expect(wrong(page([THIRD], { cut: { side: 'around', photo: SECOND } }))).toEqual([
      'a feed, around: lacks 2, which it is around',
    ])
  })

  test('finds a photo of an owner who was not followed, and misses none of theirs', () => {
    const ledger = openLedger()
    ledger.look(page([SECOND, FIRST]))
    const isOf = () => false

    expect(found(ledger, page([], { isOf }), page([FIRST], { isOf }))).toEqual([
      'a feed, newest: has 1 of ada, who was not followed',
    ])
  })

  test('finds that a photo which was there is not found', () => {
    const ledger = openLedger()
    const times = () => ({ askedAt: performance.now(), answeredAt: performance.now() })
    const around = { cut: { side: 'around', photo: FIRST } } as const
    ledger.lookForNone(page([]), around, times())
    expect(ledger.findings).toEqual([])

    ledger.look(page([FIRST]))
    ledger.lookForNone(page([]), around, times())

    expect(ledger.findings).toEqual(['a feed, around: 1 of ada was there, and was not found'])
  })
})

describe('the account of events that were told', () => {
  const PHOTO = '764879989359635463' as PhotoId
  const attempt = (...edits: Edit[]): Attempt => ({
    ...{ number: 1, owner: ADA, filter: null, focus: null, sha256: '' },
    outcome: { name: 'acknowledged', id: PHOTO },
    edits,
  })
  const granted = (wish: Wish): Edit => ({ wish, statuses: [200] })
  const told = (...events: [type: Told['type'], visibility?: Visibility][]): Told[] =>
    events.map(
      ([type, visibility = 'public'], index) =>
        ({
          id: String(index),
          type,
          photo: PHOTO,
          owner: ADA,
          timestamp: '',
          visibility,
          failure: null,
        }) as Told,
    )
  const account = (edits: Edit[], events: Told[]) =>
    accountOfEvents([attempt(...edits)], events).map((line) => line.split(': ')[1])

  test('finds nothing when each change was told once, in order', () => {
    const edits = [PUBLIC, PRIVATE, PRIVATE, PUBLIC, { name: 'deletion' } as const].map(granted)

    const events = told(
      ['photo.ready'],
      ['photo.visibility', 'private'],
      ['photo.visibility'],
      ['photo.deleted'],
    )

    expect(account(edits, events)).toEqual([])
  })

  test('finds what was not told, told in another order, and told though it never was', () => {
    const change = [granted(PRIVATE), granted(PUBLIC)]
    const [toPrivate, toPublic] = [['photo.visibility', 'private'] as const, ['photo.visibility'] as const]
    const ready = ['photo.ready'] as const

    expect(account([], [])).toEqual(['ready 0 times'])
    expect(account([], told([...ready], ['photo.failed']))).toEqual(['it failed'])
    expect(account(change, told([...ready], [...toPrivate]))).toEqual([
      'became private, and not private, public',
    ])
    expect(account(change, told([...ready], [...toPublic], [...toPrivate]))).toEqual([
      'became public, private, and not private, public',
    ])
    expect(account([granted({ name: 'deletion' })], told([...ready]))).toEqual([
      'deleted, and told as photo.ready',
    ])
    expect(account([], told([...ready], ['photo.deleted']))).toEqual(['told as deleted'])
    expect(account([], told([...ready], ['photo.look']))).toEqual(['1 looks after 0 wishes'])
  })

  test('finds a photo that a viewer was not told of', () => {
    expect(untold([{ id: PHOTO, owner: ADA }], told(['photo.ready']))).toHaveLength(1)
    expect(untold([{ id: PHOTO, owner: ADA }], told(['feed.new']))).toEqual([])
  })
})

describe('a fact', () => {
  const throughout = (fact: Fact) => fact.throughout(performance.now(), performance.now())

  test('is not known from when a change is asked for until it is granted, whatever is seen meanwhile', () => {
    const fact = new Fact(false)
    const before = performance.now()

    fact.ask()
    expect(throughout(fact)).toBeNull()
    fact.see(true, { askedAt: performance.now(), withinMs: 0 })
    expect(throughout(fact)).toBeNull()
    fact.grant(true)

    expect(throughout(fact)).toBe(true)
    expect(fact.throughout(before, performance.now())).toBeNull()
    expect(fact.throughout(0, before)).toBe(false)
  })

  test('is not known by what somebody saw who asked before it changed', () => {
    const fact = new Fact(null)
    const askedAt = performance.now()
    fact.ask()
    fact.grant(null)

    fact.see(true, { askedAt, withinMs: 0 })
    expect(throughout(fact)).toBeNull()
    fact.see(true, { askedAt: performance.now() + 1, withinMs: 0 })

    expect(fact.throughout(performance.now(), Infinity)).toBe(true)
  })

  test('is known as late as all others see what somebody saw, unless it has changed until then', () => {
    const fact = new Fact(null)
    const seen = { askedAt: performance.now(), withinMs: 60_000 }
    fact.see(true, seen)
    expect(throughout(fact)).toBeNull()
    expect(fact.throughout(performance.now() + 60_001, Infinity)).toBe(true)

    fact.ask()

    expect(fact.throughout(performance.now() + 60_001, Infinity)).toBeNull()
  })
})
