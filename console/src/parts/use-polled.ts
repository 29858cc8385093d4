import { Problem } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'

export type Polled<Value> = {
  /** The last that was told; undefined until then. */
  value: Value | undefined
  /** When that was; null until then. */
  at: number | null
  /** Why it could not be told anew since. */
  problem: Problem | null
  /** What was told elsewhere, as by a request that changed it, stands until the next question: an answer to one before is none. */
  set(value: Value): void
  /** Asks at once. */
  again(): void
}

type Options<Value> = {
  everyMs: number
  /** About what is asked: something else is asked at once, and what was told before stands until that is answered. */
  key?: string
  /** Whether an answer stays as it is: then nothing more is asked. */
  isOver?: (value: Value) => boolean
}

/** Asks again and again while the page is seen, one question at a time, until an answer or a problem is one that stays. */
export function usePolled<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  { everyMs, key = '', isOver = () => false }: Options<Value>,
): Polled<Value> {
  const [told, setTold] = useState<Pick<Polled<Value>, 'value' | 'at'>>({ value: undefined, at: null })
  const [problem, setProblem] = useState<Problem | null>(null)
  const again = useRef(() => {})
  const isOvertaken = useRef(false)

  useEffect(() => {
    const gone = new AbortController()
    let timer = 0
    let isAsking = false
    let isWanted = false
    let isSettled = false
    const look = async () => {
      clearTimeout(timer)
      // What was asked before may tell of before: it is asked once more.
      isWanted = isAsking
      if (isAsking || document.hidden) return
      isAsking = true
      isOvertaken.current = false
      try {
        const value = await ask(gone.signal)
        if (gone.signal.aborted) return
        if (!isOvertaken.current) setTold({ value, at: Date.now() })
        setProblem(null)
        isSettled = isOver(value)
      } catch (error) {
        if (gone.signal.aborted) return
        if (!(error instanceof Problem)) throw error
        setProblem(error)
        isSettled = !error.isPassing
      } finally {
        isAsking = false
      }
      if (isWanted || isOvertaken.current) void look()
      else if (!isSettled) timer = window.setTimeout(look, everyMs)
    }
    const onVisible = () => {
      if (!document.hidden && !isSettled) void look()
    }
    again.current = () => void look()
    document.addEventListener('visibilitychange', onVisible)
    void look()
    return () => {
      gone.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [key])

  return {
    ...told,
    problem,
    set: (value) => {
      isOvertaken.current = true
      setTold((before) => ({ ...before, value }))
    },
    again: () => again.current(),
  }
}
