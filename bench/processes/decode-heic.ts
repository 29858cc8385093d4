// A process that does what heif-convert does: reads a HEIC photo, decodes all of it, writes it as JPEG. Like that it
// leaves colours in the profile they are in.
import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { decodeHeic } from '../../workers/renditions/heic/decode-heic.ts'
import { readHeader } from '../../workers/renditions/read-header.ts'

const MAX_PIXELS = 1e8
const [from = '', to = ''] = process.argv.slice(2)
const original = await readFile(from)
const photo = await readHeader(original, MAX_PIXELS)
const { data, width, height, channels } = await decodeHeic(original, null, photo, MAX_PIXELS)
await sharp(data, { raw: { width, height, channels } }).jpeg({ quality: 92 }).toFile(to)
