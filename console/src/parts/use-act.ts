import { useRef, useState } from 'preact/hooks'
import { whyOf } from './why.tsx'

export type Act = {
  /** What was asked for is under way: what asks for it is not to be pressed meanwhile. */
  isBusy: boolean
  /** Why the last one came to nothing, in words; null if it did not. */
  problem: string | null
  /** Does it, unless another one is under way. Tells whether it came to its end; what is thrown and no Problem, it throws. */
  act(doing: () => Promise<void>): Promise<boolean>
}

/** What somebody asks for by a button or a form: one at a time, and in words why it came to nothing. */
export function useAct(): Act {
  const [isBusy, setBusy] = useState(false)
  const [problem, setProblem] = useState<string | null>(null)
  const isUnderWay = useRef(false)
  const act = async (doing: () => Promise<void>) => {
    if (isUnderWay.current) return false
    isUnderWay.current = true
    setBusy(true)
    setProblem(null)
    try {
      await doing()
      return true
    } catch (error) {
      setProblem(whyOf(error))
      return false
    } finally {
      isUnderWay.current = false
      setBusy(false)
    }
  }
  return { isBusy, problem, act }
}
