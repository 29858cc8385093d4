import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { SetupError } from '../src/errors.ts'
import { mendText } from '../src/import/exports/mend-text.ts'
import { readTree, treeOf } from './support/sources.ts'

/** As Meta's exports have it: each byte of UTF-8 a character. */
const asExported = (text: string) => Buffer.from(text).toString('latin1')

describe('a text of Instagram or Facebook', () => {
  test('is what its author wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(mendText(asExported(text))).toBe(text)
      }),
    )
  })

  test('that was cut within a character loses what is left of it', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('é', '雪', '🍋'),
        fc.nat(),
        (text, last, cut) => {
          const bytes = Buffer.from(last).length
          const exported = asExported(text + last).slice(0, -(1 + (cut % (bytes - 1))))
          expect(mendText(exported)).toBe(text.toWellFormed())
        },
      ),
    )
  })

  test.each(['plain', 'Crème brûlée', 'It’s right', 'write \\u00e9', '雪'])(
    'that is right already stays: %s',
    (text) => {
      expect(mendText(text)).toBe(text)
    },
  )
})

describe('an export of Instagram', () => {
  const LISTS = 'your_instagram_activity/media'
  const picture = (uri: string, title = '', seconds = 1_600_000_000) => ({
    uri,
    title,
    creation_timestamp: seconds,
    media_metadata: { photo_metadata: { exif_data: [{ latitude: 1.25 }] } },
  })

  test('has posts, of one picture or several in their order, wherever its root lies', async () => {
    const { kind, outcomes } = await readTree(
      treeOf({
        [`mine/${LISTS}/posts_1.json`]: [
          { media: [picture('media/posts/202009/1_2_n_11.jpg', asExported('Zoë'))] },
          {
            title: 'Two',
            creation_timestamp: 1_600_000_500,
            media: [picture('media/posts/202009/1_2_n_13.jpg'), picture('media/posts/202009/1_2_n_12.jpg')],
          },
        ],
        'mine/media/posts/202009/1_2_n_11.jpg': 'a',
        'mine/media/posts/202009/1_2_n_12.jpg': 'b',
        'other-part/media/posts/202009/1_2_n_13.jpg': 'c',
      }),
    )

    expect(kind).toBe('instagram')
    expect(outcomes).toMatchObject({
      'mine/media/posts/202009/1_2_n_11.jpg': {
        alt: 'Zoë',
        postedAt: new Date(1_600_000_000_000),
        externalId: '11',
        group: null,
      },
      'other-part/media/posts/202009/1_2_n_13.jpg': { alt: 'Two', group: { position: 0 } },
      'mine/media/posts/202009/1_2_n_12.jpg': {
        alt: 'Two',
        postedAt: new Date(1_600_000_500_000),
        group: { id: 'instagram:post:1600000500', position: 1 },
      },
    })
  })

  test('keeps private what its owner archived, also when another list names it, and leaves out what they deleted', async () => {
    const twice = picture('media/posts/202009/a_1.jpg', 'twice')
    const { outcomes } = await readTree(
      treeOf({
        'content/posts_1.json': { media: [twice] },
        'content/archived_posts.json': { ig_archived_post_media: [{ media: [twice] }] },
        'content/recently_deleted_content.json': {
          ig_recently_deleted_media: [picture('media/posts/202009/a_2.jpg')],
        },
        'media/posts/202009/a_1.jpg': 'a',
        'media/posts/202009/a_2.jpg': 'b',
      }),
    )

    expect(outcomes).toMatchObject({
      'media/posts/202009/a_1.jpg': { visibility: 'private', alt: 'twice' },
      'media/posts/202009/a_2.jpg': 'skipped: trashed',
    })
  })

  test('may lack what it names, and hold what no list names', async () => {
    const { outcomes } = await readTree(
      treeOf({
        [`${LISTS}/posts_1.json`]: [
          { media: [picture('media/posts/202009/gone_1.jpg')] },
          { media: [picture('../outside.jpg')] },
          { media: [picture('https://media.example/1.jpg')] },
        ],
        'media/posts/202009/unlisted_7.webp': 'a',
        'media/stories/202009/story_8.jpg': 'b',
        'your_instagram_activity/messages/inbox/x/photos/9.jpg': 'c',
      }),
    )

    expect(outcomes).toMatchObject({
      'media/posts/202009/gone_1.jpg': 'missing: photo_missing',
      '../outside.jpg': 'missing: outside_export',
      'https://media.example/1.jpg': 'missing: outside_export',
      'media/posts/202009/unlisted_7.webp': { postedAt: null, externalId: '7' },
      'media/stories/202009/story_8.jpg': 'skipped: not_a_post',
      'your_instagram_activity/messages/inbox/x/photos/9.jpg': 'skipped: not_a_post',
    })
  })

  test('of before 2021 is one list, with times written out', async () => {
    const { kind, outcomes } = await readTree(
      treeOf({
        'media.json': {
          photos: [{ caption: 'Old', taken_at: '2018-03-04T05:06:07+00:00', path: 'photos/201803/a.jpg' }],
          profile: [{ taken_at: '2018-01-01T00:00:00+00:00', path: 'profile/201801/me.jpg' }],
        },
        'photos/201803/a.jpg': 'a',
        'profile/201801/me.jpg': 'b',
      }),
    )

    expect(kind).toBe('instagram')
    expect(outcomes).toMatchObject({
      'photos/201803/a.jpg': { alt: 'Old', postedAt: new Date('2018-03-04T05:06:07Z') },
      'profile/201801/me.jpg': 'skipped: not_a_post',
    })
  })

  test('in HTML is refused, with what to do', async () => {
    const reading = readTree(treeOf({ 'your_instagram_activity/content/posts_1.html': '<html>' }))

    await expect(reading).rejects.toThrow(SetupError)
    await expect(reading).rejects.toThrow('JSON')
  })
})

describe('an export of Facebook', () => {
  const POSTS = 'your_facebook_activity/posts'

  test('tells of a picture what its post and its album tell, and never what Facebook wrote above it', async () => {
    const uri = `${POSTS}/media/Mobile_1/10_20_n_30.jpg`
    const { kind, outcomes } = await readTree(
      treeOf({
        [`${POSTS}/your_posts__check_ins__photos_and_videos_1.json`]: [
          {
            timestamp: 1_500_000_000,
            title: 'Somebody added a new photo.',
            data: [{ post: asExported('Käse') }],
            attachments: [
              { data: [{ media: { uri, creation_timestamp: 1_500_000_000 } }] },
              { data: [{ place: { name: 'Here', coordinate: { latitude: 1.25 } } }] },
            ],
          },
        ],
        [`${POSTS}/album/0.json`]: {
          name: 'Album',
          photos: [
            { uri, creation_timestamp: 1_500_000_000 },
            {
              uri: `${POSTS}/media/Mobile_1/11.jpg`,
              description: 'Told in the album',
              media_metadata: {
                photo_metadata: { exif_data: [{ taken_timestamp: 1_400_000_000, upload_ip: '::1' }] },
              },
              creation_timestamp: 1_500_000_000,
            },
          ],
        },
        [uri]: 'a',
        [`${POSTS}/media/Mobile_1/11.jpg`]: 'b',
        [`${POSTS}/media/Mobile_1/unlisted.jpg`]: 'c',
        'messages/inbox/x/photos/1.jpg': 'd',
      }),
    )

    expect(kind).toBe('facebook')
    expect(outcomes).toMatchObject({
      [uri]: { alt: 'Käse', postedAt: new Date(1_500_000_000_000), externalId: '30' },
      [`${POSTS}/media/Mobile_1/11.jpg`]: { alt: 'Told in the album', postedAt: new Date(1_400_000_000_000) },
      [`${POSTS}/media/Mobile_1/unlisted.jpg`]: { alt: null, postedAt: null },
      'messages/inbox/x/photos/1.jpg': 'skipped: not_a_post',
    })
  })

  test('in HTML is refused, with what to do', async () => {
    await expect(readTree(treeOf({ 'posts/your_posts_1.html': '<html>' }))).rejects.toThrow('JSON')
  })
})

describe('an archive of Mastodon', () => {
  const post = (url: string, more: object = {}) => ({
    type: 'Create',
    to: ['https://www.w3.org/ns/activitystreams#Public'],
    object: {
      id: 'https://social.example/1',
      published: '2022-02-03T04:05:06Z',
      content: '<p>Hello</p>',
      attachment: [{ type: 'Document', url, name: 'A heron', focalPoint: [0.5, -0.5], ...more }],
    },
  })

  test('tells descriptions, times and focus; what was not for all is private', async () => {
    const { kind, outcomes } = await readTree(
      treeOf({
        'actor.json': {},
        'avatar.png': 'avatar',
        'outbox.json': {
          orderedItems: [
            post('/media_attachments/files/1/original/a.jpg'),
            {
              ...post('/bucket/media_attachments/files/2/original/b.jpg'),
              to: ['https://social.example/followers'],
            },
            { type: 'Announce', object: 'https://other.example/2' },
            post('/media_attachments/files/3/original/gone.jpg', { name: null, focalPoint: [0, 0] }),
          ],
        },
        'media_attachments/files/1/original/a.jpg': 'a',
        'media_attachments/files/2/original/b.jpg': 'b',
      }),
    )

    expect(kind).toBe('mastodon')
    expect(outcomes).toMatchObject({
      'media_attachments/files/1/original/a.jpg': {
        alt: 'A heron',
        postedAt: new Date('2022-02-03T04:05:06Z'),
        focus: { x: 0.75, y: 0.75 },
        visibility: null,
      },
      'media_attachments/files/2/original/b.jpg': { visibility: 'private' },
      'media_attachments/files/3/original/gone.jpg': 'missing: photo_missing',
      'avatar.png': 'skipped: not_a_post',
    })
  })

  test('of Pixelfed has no pictures, and says where they are', async () => {
    await expect(readTree(treeOf({ 'pixelfed-statuses.json': [] }))).rejects.toThrow('holds no pictures')
  })
})

test('the uploads of WordPress are taken in without what WordPress made of them, unless nothing else is left', async () => {
  const folder = 'wp-content/uploads/2019/05'
  const names = [
    'a.jpg',
    'a-300x200.jpg',
    'a-scaled.jpg',
    'a-rotated.jpg',
    'a.jpg.webp',
    'a-300x200.jpg.webp',
  ]
  const lone = ['b-300x200.jpg', 'c-scaled.jpg', 'c-scaled-300x200.jpg', 'two-2x3-d.jpg']
  const { kind, outcomes } = await readTree(
    treeOf(Object.fromEntries([...names, ...lone].map((name) => [`${folder}/${name}`, name]))),
  )

  expect(kind).toBe('wordpress')
  const taken = Object.entries(outcomes).filter(([, outcome]) => typeof outcome !== 'string')
  expect(taken.map(([path]) => path.slice(folder.length + 1))).toEqual([
    'a.jpg',
    'b-300x200.jpg',
    'c-scaled.jpg',
    'two-2x3-d.jpg',
  ])
  expect(outcomes[`${folder}/a.jpg`]).toMatchObject({ externalId: '2019/05/a.jpg', postedAt: null })
  expect(outcomes[`${folder}/a-scaled.jpg`]).toBe('skipped: rendition')
})

test('the folder of Immich is taken in without what Immich made, and its sidecars tell times and descriptions', async () => {
  const xmp = (inner: string) =>
    `<?xpacket?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" ${inner}</rdf:Description></rdf:RDF></x:xmpmeta>`
  const { kind, outcomes } = await readTree(
    treeOf({
      'library/.immich': '1',
      'library/alice/2020/a.jpg': 'a',
      'library/alice/2020/a.jpg.xmp': xmp(
        `exif:DateTimeOriginal="2020-05-06T07:08:09+02:00" exif:GPSLatitude="1,15.0N"><dc:description><rdf:Alt><rdf:li xml:lang="x-default">Fish &amp; chips</rdf:li></rdf:Alt></dc:description>`,
      ),
      'library/alice/2020/b.jpg': 'b',
      'library/alice/2020/b.xmp': xmp('><photoshop:DateCreated>2021-01-02</photoshop:DateCreated>'),
      'library/alice/2020/c.jpg': 'c',
      'library/alice/2020/c.jpg.xmp': '<broken',
      'library/alice/backups/e.jpg': 'in an album of that name',
      'upload/u/1a/2b/d.jpg': 'd',
      'thumbs/u/1a/2b/d-preview.jpeg': 'e',
      'encoded-video/u/x.mp4': 'f',
    }),
  )

  expect(kind).toBe('immich')
  expect(outcomes).toMatchObject({
    'library/alice/2020/a.jpg': { alt: 'Fish & chips', postedAt: new Date('2020-05-06T05:08:09Z') },
    'library/alice/2020/b.jpg': { alt: null, postedAt: new Date('2021-01-02T00:00:00Z') },
    'library/alice/2020/c.jpg': { alt: null, postedAt: null },
    'library/alice/backups/e.jpg': { externalId: null },
    'upload/u/1a/2b/d.jpg': { externalId: null },
    'thumbs/u/1a/2b/d-preview.jpeg': 'skipped: rendition',
    'encoded-video/u/x.mp4': 'skipped: rendition',
  })
})

test('a folder that is of none of these is a folder of files', async () => {
  const { kind, outcomes } = await readTree(
    treeOf({ '2019/05/a.jpg': 'a', 'data.json': { title: 'no sidecar' } }),
  )

  expect(kind).toBe('folder')
  expect(Object.keys(outcomes)).toEqual(['2019/05/a.jpg', 'data.json'])
})

describe('layouts of others of the kind', () => {
  test('what Facebook says of a picture itself counts before what its post says, in whichever list it stands', async () => {
    const uri = 'your_activity_across_facebook/posts/media/Timeline/1_22_n.jpg'
    const posts = 'your_activity_across_facebook/posts'
    const exif = { media_metadata: { photo_metadata: { exif_data: [{ taken_timestamp: 40 }] } } }

    const { outcomes } = await readTree(
      treeOf({
        [`${posts}/album/0.json`]: {
          photos: [{ uri, creation_timestamp: 50, description: asExported('Čau') }],
        },
        [`${posts}/your_posts__check_ins__photos_and_videos_1.json`]: [
          {
            title: 'Ada added a photo.',
            data: [{ post: 'Of the post' }],
            attachments: [{ data: [{ media: { uri, creation_timestamp: 50, description: '', ...exif } }] }],
          },
        ],
        [uri]: 'a',
      }),
    )

    expect(outcomes[uri]).toMatchObject({ alt: 'Čau', postedAt: new Date(40_000), externalId: '22' })
  })

  test('a post of Mastodon with one picture may have it in no list', async () => {
    const path = 'media_attachments/files/2/original/b.jpg'
    const object = {
      published: '2020-01-02T00:00:00Z',
      to: 'as:Public',
      attachment: { url: `/${path}`, name: 'B' },
    }

    const { outcomes } = await readTree(
      treeOf({ 'outbox.json': { orderedItems: [{ type: 'Create', object }] }, [path]: 'b' }),
    )

    expect(outcomes[path]).toMatchObject({ alt: 'B', visibility: null })
  })

  test('what is made for fine screens of what WordPress made is no upload either', async () => {
    const month = 'wp-content/uploads/2020/05'
    const names = ['a.jpg', 'a-300x200.jpg', 'a-300x200@2x.jpg', 'b@2x.jpg', 'c-300x200@2x.jpg']

    const { outcomes } = await readTree(
      treeOf(Object.fromEntries(names.map((name) => [`${month}/${name}`, name]))),
    )

    const skipped = Object.keys(outcomes).filter((path) => outcomes[path] === 'skipped: rendition')
    expect(skipped).toEqual([`${month}/a-300x200.jpg`, `${month}/a-300x200@2x.jpg`])
  })
})
