import type { Photo } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { refresh } from '../photos/kept-photos.ts'
import type { Expected } from './expected.ts'

const FIRST_PAUSE_MS = 1_500
const MOST_PAUSE_MS = 15_000
/** After that what is not there will not come: it would be no smaller than what is. */
const PATIENCE_MS = 120_000

/**
 * No event tells of formats that are made after a photo is ready: it is asked for now and then, for a while after it was taken in or
 * changed. Tells whether more of it is to come.
 */
export function useNews(photo: Photo, all: readonly Expected[]): boolean {
  const isWaiting = all.some(({ rendition }) => rendition === null) || photo.wanted !== null
  const isYoung = Date.parse(photo.addedAt) > Date.now() - PATIENCE_MS
  const [isPatient, setPatient] = useState(isYoung)
  const edition = editionOf(photo)
  const first = useRef(edition)
  useEffect(() => {
    if (!isWaiting) return
    const isNew = isYoung || photo.status === 'processing' || edition !== first.current
    setPatient(isNew)
    const endsAt = Date.now() + PATIENCE_MS
    let pause = FIRST_PAUSE_MS
    let timer = setTimeout(function ask() {
      refresh(photo.id)
      pause = Math.min(MOST_PAUSE_MS, pause * 1.4)
      if (Date.now() < endsAt) timer = setTimeout(ask, pause)
      else setPatient(false)
    }, pause)
    return () => clearTimeout(timer)
  }, [photo.id, isWaiting, edition])
  return isPatient || photo.wanted !== null
}

/** Every edition has other names, in which what is signed has no part. */
function editionOf(photo: Photo): string {
  const [first] = photo.renditions
  return first?.url?.split('?')[0] ?? ''
}
