import type { Photo } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { useAct } from '../parts/use-act.ts'
import { keepAnswer } from '../photos/kept-photos.ts'
import { client } from '../session.ts'
import { words } from '../words/words.ts'
import { isSameLook, type Look, lookOf } from './look-choice.ts'

export type LookChange = {
  change(look: Look): void
  /** The change is on its way to Darkroom. */
  isAsking: boolean
  /** Why the last one was not made. */
  problem: string | null
  /** What the photo had before the last one; undefined before there was one. */
  former: Look | undefined
}

/** Gives the photo another look, and tells what comes of it. */
export function useLookChange(photo: Photo): LookChange {
  const { looks } = words.value
  const { isBusy: isAsking, problem, act } = useAct()
  const [isNotMade, setNotMade] = useState(false)
  const [former, setFormer] = useState<Look | undefined>(undefined)
  const awaited = useRef<{ look: Look; before: Look } | null>(null)
  const shown = lookOf(photo)

  const change = (look: Look) => {
    setNotMade(false)
    const before = photo.wanted ? lookOf(photo.wanted) : shown
    void act(async () => {
      await keepAnswer(photo.id, client.changeFilter(photo.id, look))
      setFormer(before)
      awaited.current = { look, before: shown }
    })
  }

  // What is wanted no more is shown, or could not be made.
  useEffect(() => {
    const { current } = awaited
    if (!current || photo.wanted !== null || isAsking) return
    awaited.current = null
    if (isSameLook(shown, current.look)) say(looks.shown)
    else if (isSameLook(shown, current.before)) setNotMade(true)
  }, [photo, isAsking])

  return { change, isAsking, problem: problem ?? (isNotMade ? looks.notMade : null), former }
}
