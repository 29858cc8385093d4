import type { Photo } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { Point } from '../../../src/photo/fit.ts'
import { whyOf } from '../parts/why.tsx'
import { keepAnswer } from '../photos/kept-photos.ts'
import { client } from '../session.ts'

export type FocusChange = {
  /** As it was asked for last, here or elsewhere. */
  focus: Point | null
  /** The server's crops are not those of it yet. */
  isPending: boolean
  problem: string | null
  /** Shown at once; kept at once, or when the keys that move it have been left alone for a moment. */
  set(focus: Point | null, options?: { isMoving: boolean }): void
}

const REST_MS = 500

/** The focus of a photo, which its owner moves. Of several moves the last one is kept. */
export function useFocus({ id, focus, wanted }: Photo): FocusChange {
  const wish = useRef<Point | null | undefined>(undefined)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  const isSaving = useRef(false)
  const [, draw] = useState(0)
  const [problem, setProblem] = useState<string | null>(null)

  const save = async () => {
    timer.current = null
    if (isSaving.current) return
    isSaving.current = true
    try {
      for (let sent: unknown; sent !== wish.current && timer.current === null; ) {
        sent = wish.current
        await keepAnswer(id, client.change(id, { focus: wish.current ?? null }))
      }
      setProblem(null)
    } catch (error) {
      setProblem(whyOf(error))
    } finally {
      isSaving.current = false
      if (timer.current === null) wish.current = undefined
      draw((count) => count + 1)
    }
  }
  const set: FocusChange['set'] = (point, { isMoving } = { isMoving: false }) => {
    wish.current = point && { x: rounded(point.x), y: rounded(point.y) }
    if (timer.current !== null) clearTimeout(timer.current)
    timer.current = setTimeout(() => void save(), isMoving ? REST_MS : 0)
    draw((count) => count + 1)
  }
  // Whoever goes elsewhere at once has still moved it.
  useEffect(
    () => () => {
      if (timer.current === null) return
      clearTimeout(timer.current)
      void save()
    },
    [],
  )

  const told = wanted ? wanted.focus : focus
  return {
    focus: wish.current === undefined ? told : wish.current,
    isPending: wish.current !== undefined || !isSame(told, focus),
    problem,
    set,
  }
}

/** A thousandth of a photo is less than anybody points at. */
function rounded(share: number): number {
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000
}

function isSame(a: Point | null, b: Point | null): boolean {
  return a === b || (a !== null && b !== null && a.x === b.x && a.y === b.y)
}
