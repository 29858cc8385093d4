/** As a `File`. */
export type ChosenFile = {
  readonly name: string
  readonly size: number
  readonly type: string
  readonly lastModified: number
  readonly webkitRelativePath?: string
}

/** Of formats for which browsers know no type, as on many systems for HEIC. */
const PHOTO_NAME = /\.(jpe?g|jfif|png|webp|avif|gif|tiff?|heic|heif|hif)$/i
/** What file inputs offer. */
export const ACCEPTED = 'image/*,.heic,.heif,.hif,.avif,.tif,.tiff'

const byName = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** In the order in which people number them: IMG_9 before IMG_10, folder by folder. */
export function inOrder<File extends ChosenFile>(files: readonly File[]): File[] {
  const pathOf = ({ webkitRelativePath, name }: File) => webkitRelativePath || name
  return files.toSorted((a, b) => byName.compare(pathOf(a), pathOf(b)))
}

export type Sorted<File> = {
  photos: File[]
  /** With the code of what is wrong with each, as the server would say it. */
  refused: { file: File; code: 'empty_file' | 'unsupported_format' }[]
  /** Other files of a folder, which nobody has chosen one by one. */
  leftOut: number
}

/** Which of the files are photos, as far as their names and types tell. Those of a folder that are none are left out. */
export function sortFiles<File extends ChosenFile>(
  files: readonly File[],
  { isFolder }: { isFolder: boolean },
): Sorted<File> {
  const sorted: Sorted<File> = { photos: [], refused: [], leftOut: 0 }
  for (const file of inOrder(files)) {
    const isPhoto =
      PHOTO_NAME.test(file.name) || (file.type.startsWith('image/') && file.type !== 'image/svg+xml')
    if (isFolder && (!isPhoto || file.name.startsWith('.'))) sorted.leftOut++
    // The first bytes say it better where neither the name nor the type does.
    else if (file.type !== '' && !isPhoto) sorted.refused.push({ file, code: 'unsupported_format' })
    else if (file.size === 0) sorted.refused.push({ file, code: 'empty_file' })
    else sorted.photos.push(file)
  }
  return sorted
}
