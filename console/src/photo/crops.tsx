import type { Photo, Preset } from 'darkroom-client'
import { renditionUrl } from 'darkroom-client'
import { useRef, useState } from 'preact/hooks'
import type { Point, Size } from '../../../src/photo/fit.ts'
import { renditionSize } from '../../../src/photo/fit.ts'
import { pixels } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { type CoverBox, cropFrom, cropStyle, isWhole } from './crop.ts'
import { isMade, type MadeRendition } from './expected.ts'
import type { FocusChange } from './use-focus.ts'

type CropsProps = {
  photo: Photo
  presets: readonly Preset[]
  focus: Pick<FocusChange, 'focus' | 'isPending'>
}

/** What each preset that crops makes of the photo: at once by the server's own arithmetic, then as the server has made it. */
export function Crops({ photo, presets, focus }: CropsProps) {
  const boxes = presets.filter((preset): preset is Preset & CoverBox => preset.fit === 'cover')
  if (boxes.length === 0) return null
  return (
    <section class="crops" aria-label={words.value.photo.crops}>
      {boxes.map((box) => (
        <Crop key={box.name} photo={photo} box={box} {...focus} />
      ))}
    </section>
  )
}

type CropProps = { photo: Photo; box: Preset & CoverBox; focus: Point | null; isPending: boolean }

function Crop({ photo, box, focus, isPending }: CropProps) {
  const { cropOf, beingMade } = words.value.photo
  const original = sizeOf(photo)
  const url = serversUrl(photo, box.name)
  const [shownUrl, setShownUrl] = useState<string | null>(null)
  // What was seen last stays until the server's is there to be seen.
  const point = useRef(focus)
  if (isPending) point.current = focus
  const isWaiting = isPending || (shownUrl !== null && shownUrl !== url)
  const preview =
    isWaiting && original && point.current
      ? cropFrom(point.current, original, box, wholePictures(photo, original))
      : null
  const size = original ? renditionSize(original, box) : box
  return (
    <figure class="crop">
      <div class="crop-box" style={{ aspectRatio: `${size.width} / ${size.height}` }} data-preset={box.name}>
        {url && (
          <img src={url} alt="" class={isPending ? 'is-waiting' : ''} onLoad={() => setShownUrl(url)} />
        )}
        {preview && (
          <img
            class="crop-preview"
            src={renditionUrl(preview.from, photo)}
            alt=""
            style={cropStyle(preview.crop, preview.from)}
          />
        )}
        {isPending && <span class="crop-state small">{beingMade}</span>}
      </div>
      <figcaption class="small soft">{cropOf(box.name, pixels(size))}</figcaption>
    </figure>
  )
}

function sizeOf({ original: { width, height } }: Photo): Size | null {
  return width && height ? { width, height } : null
}

function serversUrl(photo: Photo, preset: string): string | null {
  const made = photo.renditions.filter((rendition) => rendition.preset === preset && isMade(rendition))
  const liked = made.find(({ format }) => format === 'webp') ?? made[0]
  return liked ? renditionUrl(liked, photo) : null
}

/** As the server cuts from pictures that it has not encoded, of the same size in several formats any will do. */
function wholePictures(photo: Photo, original: Size): MadeRendition[] {
  return photo.renditions.filter(isMade).filter((rendition) => isWhole(rendition, original))
}
