import { describe, expect, test } from 'vitest'
import { type ChosenFile, inOrder, sortFiles } from '../../console/src/develop/chosen-files.ts'

function file(path: string, type = '', size = 1): ChosenFile {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return { name, size, type, lastModified: 0, webkitRelativePath: path.includes('/') ? path : '' }
}

describe('files that were chosen', () => {
  test('are in the order in which people number them, folder by folder', () => {
    const names = ['b/IMG_1.jpg', 'a/IMG_10.jpg', 'a/IMG_9.jpg', 'a/img_2.jpg']

    expect(
      inOrder(names.map((name) => file(name))).map(({ webkitRelativePath }) => webkitRelativePath),
    ).toEqual(['a/img_2.jpg', 'a/IMG_9.jpg', 'a/IMG_10.jpg', 'b/IMG_1.jpg'])
  })

  test('one by one are each answered: what is no photo, and what is empty, by its code', () => {
    const { photos, refused, leftOut } = sortFiles(
      [
        file('a.HEIC'),
        file('b.jpg', 'image/jpeg'),
        file('of unknown type'),
        file('empty.jpg', 'image/jpeg', 0),
        file('film.mp4', 'video/mp4'),
        file('drawing.svg', 'image/svg+xml'),
      ],
      { isFolder: false },
    )

    expect(photos.map(({ name }) => name)).toEqual(['a.HEIC', 'b.jpg', 'of unknown type'])
    expect(refused.map(({ file, code }) => [file.name, code])).toEqual([
      ['drawing.svg', 'unsupported_format'],
      ['empty.jpg', 'empty_file'],
      ['film.mp4', 'unsupported_format'],
    ])
    expect(leftOut).toBe(0)
  })

  test('with a folder are its photos alone', () => {
    const { photos, refused, leftOut } = sortFiles(
      [
        file('d/a.tif'),
        file('d/.DS_Store'),
        file('d/._a.tif'),
        file('d/a.xmp', 'text/xml'),
        file('d/b.png', 'image/png'),
      ],
      { isFolder: true },
    )

    expect(photos.map(({ name }) => name)).toEqual(['a.tif', 'b.png'])
    expect([refused.length, leftOut]).toEqual([0, 3])
  })
})
