import { UnsupportedPhotoError } from '../../../src/errors.ts'
import { frameOf, readStructure, scansOf } from './jpeg-structure.ts'

const SEQUENTIAL = [0, 1, 9]
const [PROGRESSIVE, ARITHMETIC_PROGRESSIVE] = [2, 10]
const LOSSLESS = [3, 7, 11, 15]

/**
 * Whether a JPEG can be shrunk line by line while it is read. Of others, progressive ones above all, libjpeg keeps
 * every pixel in memory, at two bytes a sample. False of what is no JPEG. Throws UnsupportedPhotoError for kinds that
 * libjpeg can't read, or reads in wrong colours.
 */
export function isReadInOnePass(file: Buffer): boolean {
  const structure = file[0] === 0xff ? readStructure(file) : null
  const frame = structure && frameOf(structure)
  if (!frame) return false
  const { process, bits } = frame
  if (bits > 8 && bits <= 16) throw new UnsupportedPhotoError(`a JPEG with ${bits} bits per channel`)
  if (LOSSLESS.includes(process)) throw new UnsupportedPhotoError('a lossless JPEG')
  const isSequential = SEQUENTIAL.includes(process)
  if (!isSequential && process !== PROGRESSIVE && process !== ARITHMETIC_PROGRESSIVE) {
    throw new UnsupportedPhotoError('a hierarchical JPEG')
  }
  return isSequential && scansOf(structure).length === 1
}
