import { Problem } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'

const POLL_MS = 2_000

export type Polled<Value> = {
  /** The last that was told; undefined until then. */
  value: Value | undefined
  /** Why nothing is told for now. */
  problem: Problem | null
  /** What was told elsewhere, as by a request that changed it, stands until the next question. */
  set(value: Value): void
  ask(): void
}

/** Asks every other second, while the page is seen and `isOver` does not say of the last answer that it stays as it is. */
export function usePolled<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  key: string,
  isOver: (value: Value) => boolean = () => false,
): Polled<Value> {
  const [value, set] = useState<Value | undefined>(undefined)
  const [problem, setProblem] = useState<Problem | null>(null)
  const [turn, setTurn] = useState(0)
  const last = useRef<Value | undefined>(undefined)
  last.current = value

  useEffect(() => {
    const leaving = new AbortController()
    let timer: ReturnType<typeof setTimeout> | undefined
    const look = async () => {
      clearTimeout(timer)
      if (document.hidden) return
      try {
        const answer = await ask(leaving.signal)
        if (leaving.signal.aborted) return
        set(() => answer)
        last.current = answer
        setProblem(null)
      } catch (error) {
        if (leaving.signal.aborted) return
        if (!(error instanceof Problem)) throw error
        setProblem(error)
        if (!error.isPassing) return
      }
      if (last.current === undefined || !isOver(last.current)) timer = setTimeout(look, POLL_MS)
    }
    const onVisible = () => void look()
    document.addEventListener('visibilitychange', onVisible)
    void look()
    return () => {
      leaving.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', onVisible)
    }
  }, [key, turn])

  return { value, problem, set: (next) => set(() => next), ask: () => setTurn((before) => before + 1) }
}
