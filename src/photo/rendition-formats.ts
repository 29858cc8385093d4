/** Each format a rendition is made in, with the settings of its encoder. Quality as sharp and libvips count it, 1 to 100. */
export const RENDITION_FORMATS = {
  webp: { extension: 'webp', contentType: 'image/webp', quality: 80, effort: 2 },
  jpeg: { extension: 'jpg', contentType: 'image/jpeg', quality: 78, effort: null },
  avif: { extension: 'avif', contentType: 'image/avif', quality: 58, effort: 2 },
} as const

export type RenditionFormat = keyof typeof RENDITION_FORMATS

export const RENDITION_FORMAT_NAMES = Object.keys(RENDITION_FORMATS) as readonly RenditionFormat[]
