import { useEffect, useRef, useState } from 'preact/hooks'

const EVERY_MS = 5_000

/** What was told last, and when; `problem` is why it could not be told anew since. */
export type Polled<Value> = { value: Value | null; at: number | null; problem: string | null }

/** Asks again and again while the page is seen, one question at a time; `again` asks at once. */
export function usePolled<Value>(
  ask: (signal: AbortSignal) => Promise<Value>,
  key = '',
): Polled<Value> & { again: () => void } {
  const [polled, setPolled] = useState<Polled<Value>>({ value: null, at: null, problem: null })
  const again = useRef(() => {})

  useEffect(() => {
    const gone = new AbortController()
    let timer = 0
    let isAsking = false
    const tick = async () => {
      clearTimeout(timer)
      if (isAsking || document.hidden) return
      isAsking = true
      try {
        const value = await ask(gone.signal)
        setPolled({ value, at: Date.now(), problem: null })
      } catch (error) {
        if (!gone.signal.aborted) setPolled((before) => ({ ...before, problem: (error as Error).message }))
      }
      isAsking = false
      if (!gone.signal.aborted) timer = window.setTimeout(tick, EVERY_MS)
    }
    const seen = () => void tick()
    again.current = seen
    document.addEventListener('visibilitychange', seen)
    seen()
    return () => {
      gone.abort()
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', seen)
    }
  }, [key])

  return { ...polled, again: () => again.current() }
}
