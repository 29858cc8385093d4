import type { Photo } from 'darkroom-client'
import { type LayoutName, sizesOf } from './layouts.ts'

/** What asks for the photo on a command line: `$TOKEN` is the viewer's. */
export function curlOf({ id }: Photo, api: string): string {
  return `curl -H "Authorization: Bearer $TOKEN" ${api}v1/photos/${id}`
}

/** What shows it in an app. */
export function clientOf(
  { id }: Photo,
  api: string,
  wish: { presets: readonly string[]; formats: readonly string[] },
  layout: LayoutName,
): string {
  const list = (names: readonly string[]) => `[${names.map((name) => `'${name}'`).join(', ')}]`
  return [
    `import { DarkroomClient, srcset } from 'darkroom-client'`,
    `const darkroom = new DarkroomClient({ url: '${api.replace(/\/$/, '')}', token: () => TOKEN })`,
    `const photo = await darkroom.photo('${id}')`,
    `image.sizes = '${sizesOf(layout)}'`,
    `image.srcset = srcset(photo, { presets: ${list(wish.presets)}, formats: ${list(wish.formats)} })`,
  ].join('\n')
}
