import type { Photo, PhotoChange } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { keep } from '../photos/kept-photos.ts'
import { client } from '../session.ts'

export type Saving =
  | { kind: 'at-rest' }
  | { kind: 'saving' }
  | { kind: 'saved' }
  | { kind: 'failed'; why: string }

/** How far a change of a photo is; `save` tells whether it came to something. `said` is heard when it did. */
export function useChange(photo: Photo): [Saving, (change: PhotoChange, said: string) => Promise<boolean>] {
  const [saving, setSaving] = useState<Saving>({ kind: 'at-rest' })
  const save = async (change: PhotoChange, said: string) => {
    setSaving({ kind: 'saving' })
    try {
      keep(await client.change(photo.id, change))
    } catch (error) {
      setSaving({ kind: 'failed', why: (error as Error).message })
      return false
    }
    setSaving({ kind: 'saved' })
    say(said)
    return true
  }
  return [saving, save]
}
