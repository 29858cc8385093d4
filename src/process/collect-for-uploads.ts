import { setFlagsFromString } from 'node:v8'

/**
 * For a process through which the bytes of many photos pass. They are buffers outside V8's heap: young ones are freed by small
 * collections, which come with a small young generation; and V8 collects all of its heap whenever that and these buffers have
 * grown by a half since the last time, which is every few photos: so they may become three times as large.
 */
export function collectForUploads(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=200')
}
