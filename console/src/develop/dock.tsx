import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog.tsx'
import { bytes, clock, duration, number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { Pace } from './pace.ts'
import { mayHelpToRetry } from './problem-words.ts'
import { cancelAll, pauseAll, remove, resumeAll, retry, type TrayState, tryNow } from './tray.ts'
import type { TrayItem } from './tray-item.ts'

/** Shorter waits are no news. */
const LONG_WAIT_MS = 3_000

const pace = new Pace()

/** How far all of it is, and what may be done with all of it; always in sight. */
export function Dock({ state }: { state: TrayState }) {
  const text = words.value.develop
  const [asks, setAsks] = useState(false)
  const { items, isPaused, progress } = state
  const left = items.filter(({ state }) => state === 'waiting' || state === 'sending')
  const again = items.filter(
    ({ state, problem, photo }) => state === 'failed' && problem && photo === null && mayHelpToRetry(problem),
  )
  const developed = items.filter(({ state }) => state === 'developed')
  const keysOf = (some: readonly TrayItem[]) => some.map(({ key }) => key)
  const { sent, total } = progress.bytes
  return (
    <div class={`dock ${left.length === 0 ? 'is-idle' : ''}`}>
      <progress value={total > 0 ? sent : 1} max={total > 0 ? total : 1} aria-label={text.progress} />
      <div class="lines">
        <Said state={state} left={left} />
        <div class="acts">
          {left.length > 0 &&
            (isPaused ? (
              <button type="button" class="button main" onClick={() => void resumeAll()}>
                {text.resume}
              </button>
            ) : (
              <button type="button" class="button" onClick={() => void pauseAll()}>
                {text.pause}
              </button>
            ))}
          {left.length > 0 && (
            <button type="button" class="button" onClick={() => setAsks(true)}>
              {text.cancelAll}
            </button>
          )}
          {again.length > 0 && (
            <button type="button" class="button" onClick={() => void retry(keysOf(again))}>
              {text.retryAll(number(again.length))}
            </button>
          )}
          {left.length === 0 && developed.length > 0 && (
            <button type="button" class="button quiet" onClick={() => void remove(keysOf(developed))}>
              {text.clear}
            </button>
          )}
        </div>
      </div>
      {asks && (
        <Dialog title={text.cancelAllTitle(left.length, number(left.length))} onClose={() => setAsks(false)}>
          <p>{text.cancelAllWhat}</p>
          <form method="dialog" class="acts">
            <button type="submit" class="button">
              {text.cancelAllNo}
            </button>
            <button type="submit" class="button danger" onClick={() => void cancelAll()}>
              {text.cancelAllYes}
            </button>
          </form>
        </Dialog>
      )}
    </div>
  )
}

/** What is going on, and below why it goes on or not. */
function Said({ state, left }: { state: TrayState; left: readonly TrayItem[] }) {
  const text = words.value.develop
  const { items, progress, isPaused, isHolder } = state
  const { done, total } = progress.photos
  const countOf = (state: TrayItem['state']) => items.filter((item) => item.state === state).length
  const [developing, failed] = [countOf('developing'), countOf('failed') + countOf('missing')]
  const facts = [
    left.length > 0 && text.summary(number(done), number(total)),
    left.length === 0 && done > 0 && text.allSent(done, number(done)),
    developing > 0 && text.developing(number(developing)),
    failed > 0 && text.failedCount(number(failed)),
  ].filter(Boolean)
  return (
    <div class="said">
      <div class="numbers">{facts.join(' · ')}</div>
      <div class="small soft numbers">
        {left.length === 0 ? (
          ''
        ) : isPaused ? (
          `${text.paused}. ${text.pausedHint}`
        ) : isHolder ? (
          <Going state={state} left={left} />
        ) : (
          text.elsewhere
        )}
      </div>
    </div>
  )
}

function Going({ state, left }: { state: TrayState; left: readonly TrayItem[] }) {
  const text = words.value.develop
  const { sent, total } = state.progress.bytes
  const sending = left.filter((item) => item.state === 'sending')
  const delay = sending.length > 0 && sending.every(isHeldUp) ? sending[0]?.delay : null
  if (delay) {
    const at = clock(delay.until)
    const { unreachable, daily_limit_reached, other } = text.waits
    return (
      <>
        {delay.code === 'unreachable'
          ? unreachable
          : delay.code === 'daily_limit_reached'
            ? daily_limit_reached(at)
            : other(at)}{' '}
        <button type="button" class="as-link" onClick={tryNow}>
          {text.tryNow}
        </button>
      </>
    )
  }
  pace.add(performance.now(), sent)
  const rate = pace.bytesPerSecond
  if (rate === null) return <>{bytes(total - sent)}</>
  const leftMs = Math.max(1_000, ((total - sent) / rate) * 1000)
  // One text: what stands behind another moves with it.
  return <>{`${text.rate(bytes(rate))} · ${text.left(duration(leftMs))}`}</>
}

function isHeldUp({ delay }: TrayItem): boolean {
  return delay !== null && (delay.code === 'unreachable' || delay.until - Date.now() > LONG_WAIT_MS)
}
