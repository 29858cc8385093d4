import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Contents, readTree, treeOf } from './support/sources.ts'

const YEAR = 'Takeout/Google Photos/Photos from 2021'
const SUFFIX = '.supplemental-metadata'
const NOON = 1_625_140_800

/** What Takeout writes of a picture. */
function sidecar(title: string, more: object = {}, seconds = NOON) {
  return { title, photoTakenTime: { timestamp: String(seconds) }, ...more }
}

/** The name of a sidecar as Takeout makes it: cut to 46 UTF-16 units, the number behind the cut. */
function sidecarName(title: string, number = ''): string {
  return `${`${title}${SUFFIX}`.slice(0, 46)}${number}.json`
}

/** Pictures and sidecars of one folder, each picture of bytes of its own. */
async function readYear(files: Contents) {
  const contents = Object.fromEntries(Object.entries(files).map(([name, file]) => [`${YEAR}/${name}`, file]))
  const { kind, outcomes } = await readTree(treeOf(contents))
  expect(kind).toBe('google')
  return Object.fromEntries(
    Object.entries(outcomes).map(([path, outcome]) => [path.slice(YEAR.length + 1), outcome]),
  )
}

/** Which title each picture has come to. */
async function titlesOf(pictures: readonly string[], sidecars: Readonly<Record<string, string>>) {
  const titles = Object.values(sidecars)
  const outcomes = await readYear({
    ...Object.fromEntries(pictures.map((name) => [name, `bytes of ${name}`])),
    ...Object.fromEntries(
      Object.entries(sidecars).map(([name, title], n) => [
        name,
        sidecar(title, { description: title }, NOON + n),
      ]),
    ),
  })
  expect(titles.length).toBeGreaterThan(0)
  return pictures.map((name) => {
    const outcome = outcomes[name]
    return typeof outcome === 'string' ? outcome : (outcome?.alt ?? null)
  })
}

describe('a picture of Google Takeout has the sidecar', () => {
  test.each<[string, string, string, string]>([
    ['that is named after it', 'a.jpg', 'a.jpg.supplemental-metadata.json', 'a.jpg'],
    ['of before late 2024', 'a.jpg', 'a.jpg.json', 'a.jpg'],
    [
      'whose suffix was cut to a dot',
      `${'b'.repeat(41)}.jpg`,
      `${'b'.repeat(41)}.jpg..json`,
      `${'b'.repeat(41)}.jpg`,
    ],
    [
      'that lost some of the extension',
      `${'b'.repeat(44)}.jpg`,
      `${'b'.repeat(44)}.j.json`,
      `${'b'.repeat(44)}.jpg`,
    ],
    [
      'that was left whole, however long',
      `${'c'.repeat(60)}.jpg`,
      `${'c'.repeat(60)}.jpg${SUFFIX}.json`,
      'c.jpg',
    ],
    ['whose number moved behind the suffix', 'a(1).jpg', 'a.jpg.supplemental-metadata(1).json', 'a.jpg'],
    ['whose number moved, of before', 'a(12).jpg', 'a.jpg(12).json', 'a.jpg'],
    ['whose number is its owner’s', 'a (2).jpg', 'a (2).jpg.supplemental-metadata.json', 'a (2).jpg'],
    [
      'of a title without an extension',
      'Our garden.jpg',
      'Our garden.supplemental-metadata.json',
      'Our garden',
    ],
    ['of a title without an extension, of before', 'Our garden.jpg', 'Our garden.json', 'Our garden'],
    ['in another case, if there is one', 'a.jpg', 'a.JPG.json', 'a.JPG'],
    ['in another form of Unicode', 'é.jpg'.normalize('NFD'), 'é.jpg.json'.normalize('NFC'), 'é.jpg'],
    ['whose title it is, under whatever name', 'a.jpg', 'x.json', 'a.jpg'],
    ['whose title has what no file name has', 'a_b.jpg', 'x.json', 'a:b.jpg'],
    ['that is of the picture before it was changed', 'a-edited.jpg', 'a.jpg.json', 'a.jpg'],
    ['of before it was changed, in another language', 'a-ha editado.jpg', 'a.jpg.json', 'a.jpg'],
    [
      'of before it was changed, the word being cut',
      `${'d'.repeat(43)}-edi.jpg`,
      `${'d'.repeat(43)}.jpg.json`,
      `${'d'.repeat(43)}.jpg`,
    ],
    [
      'with a number, of before it was changed',
      'a-bearbeitet(1).jpg',
      'a.jpg.supplemental-metadata(1).json',
      'a.jpg',
    ],
  ])('%s', async (_, picture, name, title) => {
    expect(await titlesOf([picture], { [name]: title })).toEqual([title])
  })

  const names = fc
    .array(fc.constantFrom('a', 'B', '7', '_', ' ', 'é', '雪', '🍋', '(3)', '-'), {
      minLength: 1,
      maxLength: 50,
    })
    .map((parts) => parts.join(''))
    .filter((stem) => stem.trim() === stem)

  test('that Takeout names after it, whatever it is called', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.constantFrom('.jpg', '.HEIC', '.png'), async (stem, extension) => {
        const title = `${stem}${extension}`.normalize()
        expect(await titlesOf([title], { [sidecarName(title)]: title })).toEqual([title])
      }),
    )
  })

  test('of its own number, of several of one name', async () => {
    await fc.assert(
      fc.asyncProperty(names, fc.integer({ min: 2, max: 4 }), fc.boolean(), async (stem, count, isOld) => {
        const title = `${stem}.jpg`.normalize()
        const numbers = Array.from({ length: count }, (_, n) => (n === 0 ? '' : `(${n})`))
        const outcomes = await readYear(
          Object.fromEntries(
            numbers.flatMap((number, n) => [
              [`${stem.normalize()}${number}.jpg`, `picture ${n}`],
              [
                isOld ? `${title.slice(0, 46)}${number}.json` : sidecarName(title, number),
                sidecar(title, { description: `picture ${n}` }, NOON + n),
              ],
            ]),
          ),
        )
        for (const [n, number] of numbers.entries())
          expect(outcomes[`${stem.normalize()}${number}.jpg`]).toMatchObject({ alt: `picture ${n}` })
      }),
    )
  })
})

describe('a picture of Google Takeout has no sidecar', () => {
  test('of the one without its number, though that is all there is', async () => {
    expect(await titlesOf(['a(1).jpg'], { 'a.jpg.supplemental-metadata.json': 'a.jpg' })).toEqual([null])
    expect(await titlesOf(['a.jpg', 'a(1).jpg'], { 'a.jpg.json': 'a.jpg' })).toEqual(['a.jpg', null])
  })

  test('that two may have', async () => {
    expect(await titlesOf(['a.jpg', 'a.jPg'], { 'a.JPG.json': 'a.JPG' })).toEqual([null, null])
    expect(await titlesOf(['a.jpg', 'A.jpg'], { 'a.JPG.json': 'a.JPG' })).toEqual(['a.JPG', null])
    expect(await titlesOf(['a.jpg'], { 'x.json': 'a.jpg', 'y.json': 'a.jpg' })).toEqual([null])
  })

  test('that is damaged: it is told, and the picture is taken in', async () => {
    const outcomes = await readYear({
      'a.jpg': 'a',
      'a.jpg.json': '{ "title": "a',
      'b.jpg': 'b',
      'b.jpg.json': sidecar('b.jpg'),
    })

    expect(outcomes['a.jpg.json']).toBe('skipped: malformed_sidecar')
    expect(outcomes['a.jpg']).toMatchObject({ postedAt: null, alt: null, externalId: null })
  })
})

describe('an export of Google Takeout', () => {
  test('tells the time, the caption and what was archived, and nothing of places, people and devices', async () => {
    const outcomes = await readYear({
      'a.jpg': 'a',
      'a.jpg.json': sidecar('a.jpg', {
        description: 'On the pier',
        archived: true,
        creationTime: { timestamp: '1700000000' },
        geoData: { latitude: 1.25, longitude: 2.5 },
        people: [{ name: 'Somebody' }],
      }),
    })

    expect(outcomes['a.jpg']).toEqual({
      owner: null,
      postedAt: new Date('2021-07-01T12:00:00Z'),
      externalId: `${NOON}:a.jpg`,
      visibility: 'private',
      alt: 'On the pier',
      focus: null,
      filter: null,
      strength: null,
      group: null,
    })
  })

  test('knows times before 1970, and that 0 is none', async () => {
    const outcomes = await readYear({
      'old.jpg': 'old',
      'old.jpg.json': sidecar('old.jpg', {}, -1_000_000_000),
      'none.jpg': 'none',
      'none.jpg.json': sidecar('none.jpg', {}, 0),
    })

    expect(outcomes['old.jpg']).toMatchObject({ postedAt: new Date('1938-04-24T22:13:20Z') })
    expect(outcomes['none.jpg']).toMatchObject({ postedAt: null, externalId: null })
  })

  test('is taken in as its owner sees it: what was changed instead of what it was, which can be asked for', async () => {
    const files = {
      [`${YEAR}/a.HEIC`]: 'a',
      [`${YEAR}/a-edited.jpg`]: 'b',
      [`${YEAR}/a.HEIC.json`]: sidecar('a.HEIC'),
    }

    const { outcomes } = await readTree(treeOf(files))
    const { outcomes: both } = await readTree(treeOf(files), { withOriginals: true })

    expect(outcomes[`${YEAR}/a.HEIC`]).toBe('skipped: edited')
    expect(outcomes[`${YEAR}/a-edited.jpg`]).toMatchObject({ externalId: `${NOON}:a.HEIC#edited` })
    expect(both[`${YEAR}/a.HEIC`]).toMatchObject({ externalId: `${NOON}:a.HEIC` })
  })

  test('leaves out what is in the trash, of a partner, and of other products', async () => {
    const { outcomes } = await readTree(
      treeOf({
        'Takeout/archive_browser.html': '<html>',
        'Takeout/Kontakte/me.jpg': 'me',
        'Takeout/Google Fotos/Papierkorb/a.jpg': 'a',
        'Takeout/Google Fotos/Papierkorb/a.jpg.json': sidecar('a.jpg', { trashed: true }),
        'Takeout/Google Fotos/Fotos von 2021/b.jpg': 'b',
        'Takeout/Google Fotos/Fotos von 2021/b.jpg.json': sidecar('b.jpg', {
          googlePhotosOrigin: { fromPartnerSharing: {} },
        }),
        'Takeout/Google Fotos/Fotos von 2021/Metadaten.json': { title: 'Fotos von 2021' },
        'takeout-002.zip': 'PK',
      }),
    )

    expect(outcomes).toEqual({
      'Takeout/archive_browser.html': 'skipped: not_in_export',
      'Takeout/Kontakte/me.jpg': 'skipped: other_product',
      'Takeout/Google Fotos/Papierkorb/a.jpg': 'skipped: trashed',
      'Takeout/Google Fotos/Fotos von 2021/b.jpg': 'skipped: of_partner',
      'takeout-002.zip': 'skipped: archive',
    })
  })

  test('has copies in albums and in other parts: one is taken in, the one that more is known of', async () => {
    const { outcomes } = await readTree(
      treeOf({
        'one/Takeout/Photos/Album/a.jpg': 'same',
        'one/Takeout/Photos/Album/metadata.json': { title: 'Album' },
        'one/Takeout/Photos/Photos from 2021/a.jpg': 'same',
        'two/Takeout/Photos/Photos from 2021/a.jpg': 'same',
        'two/Takeout/Photos/Photos from 2021/a.jpg.json': sidecar('a.jpg'),
        'two/Takeout/Photos/Album/b.jpg': 'only in the album',
        'two/Takeout/Photos/Album/a(1).jpg': 'same',
      }),
    )

    expect(outcomes).toMatchObject({
      'one/Takeout/Photos/Photos from 2021/a.jpg': { externalId: `${NOON}:a.jpg` },
      'two/Takeout/Photos/Photos from 2021/a.jpg': '= one/Takeout/Photos/Photos from 2021/a.jpg',
      'one/Takeout/Photos/Album/a.jpg': '= one/Takeout/Photos/Photos from 2021/a.jpg',
      'two/Takeout/Photos/Album/b.jpg': { externalId: null },
      'two/Takeout/Photos/Album/a(1).jpg': '= one/Takeout/Photos/Photos from 2021/a.jpg',
    })
  })

  test('tells which pictures are in none of its parts', async () => {
    const outcomes = await readYear({
      'a.jpg.json': sidecar('a.jpg'),
      'gone.jpg.json': sidecar('gone.jpg', { trashed: true }),
    })

    expect(outcomes).toEqual({ 'a.jpg.json': 'missing: photo_missing' })
  })

  test('may have two pictures of one name and second, which get names of their own', async () => {
    const { outcomes } = await readTree(
      treeOf({
        [`${YEAR}/a.jpg`]: 'one',
        [`${YEAR}/a.jpg.json`]: sidecar('a.jpg'),
        'Takeout/Google Photos/Album/a.jpg': 'another',
        'Takeout/Google Photos/Album/a.jpg.json': sidecar('a.jpg'),
      }),
    )

    const names = Object.values(outcomes).map((outcome) => (outcome as { externalId: string }).externalId)
    expect(names).toContain(`${NOON}:a.jpg`)
    expect(names.filter((name) => /^1625140800:a\.jpg#[0-9a-f]{12}$/.test(name))).toHaveLength(1)
  })

  test('may be given as one of its folders', async () => {
    const { kind, outcomes } = await readTree(treeOf({ 'a.jpg': 'a', 'a.jpg.json': sidecar('a.jpg') }))

    expect(kind).toBe('google')
    expect(outcomes).toMatchObject({ 'a.jpg': { externalId: `${NOON}:a.jpg` } })
  })
})
