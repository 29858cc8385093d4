import type { Photo, PhotoChange } from 'darkroom-client'
import { useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { type Act, useAct } from '../parts/use-act.ts'
import { keepAnswer } from '../photos/kept-photos.ts'
import { client } from '../session.ts'

export type Change = Pick<Act, 'isBusy' | 'problem'> & {
  /** The last one was kept. */
  isSaved: boolean
  /** Tells whether it came to something; `said` is heard when it did. */
  save(change: PhotoChange, said: string): Promise<boolean>
}

/** A change of a photo, and how far it is. */
export function useChange(photo: Photo): Change {
  const { act, ...state } = useAct()
  const [isSaved, setSaved] = useState(false)
  const save = async (change: PhotoChange, said: string) => {
    setSaved(false)
    const isKept = await act(() => keepAnswer(photo.id, client.change(photo.id, change)))
    if (!isKept) return false
    setSaved(true)
    say(said)
    return true
  }
  return { ...state, isSaved, save }
}
