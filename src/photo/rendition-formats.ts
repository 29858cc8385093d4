/**
 * Each format a rendition is made in, one entry each, with the settings of its encoder under sharp's names. They are part
 * of every recipe, so a change makes new keys. By measurement: BENCHMARKS.md has the figures.
 */
export const RENDITION_FORMATS = {
  webp: {
    extension: 'webp',
    contentType: 'image/webp',
    maxSide: 16_383,
    quality: 80,
    settings: { effort: 2 },
    fineColor: { quality: 80, smartSubsample: true },
    legibleQuality: 50,
    undercuts: ['jpeg', 'webp', 'png', 'gif'],
  },
  jpeg: {
    extension: 'jpg',
    contentType: 'image/jpeg',
    maxSide: 65_500,
    quality: 78,
    // Table 3 is mozjpeg's for MS-SSIM: fewer bytes that look nearer to the original than with the standard's own, 0.
    settings: { progressive: true, chromaSubsampling: '4:2:0', quantisationTable: 3 },
    // In full colour about as many bytes, and on pictures with fine colour far nearer to the original.
    fineColor: { quality: 74, chromaSubsampling: '4:4:4', quantisationTable: 0 },
    legibleQuality: 50,
    undercuts: ['jpeg'],
  },
  avif: {
    extension: 'avif',
    contentType: 'image/avif',
    maxSide: 16_384,
    quality: 58,
    // Detail hides colour of half the size, which takes a quarter less time.
    settings: { effort: 0, chromaSubsampling: '4:2:0' },
    fineColor: { quality: 58, chromaSubsampling: '4:4:4' },
    // At effort 0 these would take up to twice the bytes, or be hard to read; and they show smeared colour.
    textures: {
      smooth: { effort: 1, chromaSubsampling: '4:4:4' },
      flat: { effort: 2, chromaSubsampling: '4:4:4' },
    },
    legibleQuality: 40,
    undercuts: ['jpeg', 'webp', 'png', 'gif', 'heif'],
  },
} as const satisfies Record<string, Encoder>

/** What a good part of a picture is: of one colour, nearly so, or neither. */
export type Texture = 'flat' | 'smooth' | 'rough'

export type Encoder = {
  extension: string
  contentType: string
  /** The most pixels that a side can have. */
  maxSide: number
  /** 1 to 100. */
  quality: number
  settings: object
  /** What differs for a picture whose colour changes from pixel to pixel. */
  fineColor: { quality: number } & Record<string, unknown>
  /** What differs by texture. */
  textures?: Partial<Record<Texture, object>>
  /** Below it small letters fall apart. */
  legibleQuality: number
  /** The originals, as sharp names their formats, that it can undercut without a loss that is seen. */
  undercuts: readonly string[]
}

export type RenditionFormat = keyof typeof RENDITION_FORMATS

export const RENDITION_FORMAT_NAMES = Object.keys(RENDITION_FORMATS) as readonly RenditionFormat[]
