import sharp from 'sharp'
import { expect, test } from 'vitest'
import { RENDITION_FORMAT_NAMES, RENDITION_FORMATS } from '../src/photo/rendition-formats.ts'
import { NO_LIMIT } from '../workers/renditions/byte-limit.ts'
import { encode } from '../workers/renditions/encode.ts'

const WIDTH = 4

test.for(RENDITION_FORMAT_NAMES)(
  '%s holds the longest side that it is said to, and is not tried for a longer one',
  async (format) => {
    const { maxSide } = RENDITION_FORMATS[format]
    const encodeTall = async (height: number) => {
      const data = Buffer.alloc(WIDTH * height * 3, 120)
      const options = { credit: null, isFine: false, limit: NO_LIMIT }
      return await encode({ data, width: WIDTH, height, channels: 3 }, format, options)
    }

    const file = await encodeTall(maxSide)

    expect(await sharp(file as Buffer).metadata()).toMatchObject({ width: WIDTH, height: maxSide })
    expect(await encodeTall(maxSide + 1)).toBe(null)
  },
)
