import type { Preset, RunCount, RunWish } from 'darkroom-client'
import { useEffect, useRef, useState } from 'preact/hooks'
import { useAct } from '../parts/use-act.ts'
import { Why } from '../parts/why.tsx'
import { go, linkTo } from '../route.ts'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { Amount, Checks, Text } from './form-fields.tsx'
import { type Choice, FIRST_CHOICE, FORMATS, limitsOf, STATES, wishOf } from './run-choice.ts'

/**
 * A reprocess, as on the command line: what is chosen is counted, tried for its price, and begun, with a canary unless somebody wants
 * none. One key for one wish: who sends it twice begins one run.
 */
export function BeginRun() {
  const { runs: said } = words.value
  const [choice, setChoice] = useState(FIRST_CHOICE)
  const [presets, setPresets] = useState<readonly Preset[]>([])
  const [count, setCount] = useState<RunCount | null>(null)
  const { isBusy, problem, act } = useAct()
  const form = useRef<HTMLFormElement>(null)
  const keys = useRef(new Map<string, string>())
  const latest = useRef(choice)
  latest.current = choice
  useEffect(() => {
    client.presets().then(setPresets, () => {})
  }, [])

  const change = (part: Partial<Choice>) => {
    setChoice((before) => ({ ...before, ...part }))
    setCount(null)
  }
  const ask = async (what: () => Promise<void>) => {
    if (form.current?.reportValidity()) await act(what)
  }
  const begin = async (wish: RunWish) => {
    const text = JSON.stringify(wish)
    // What makes UUIDs is there on pages of HTTPS and of this machine alone.
    const key = keys.current.get(text) ?? crypto.getRandomValues(new BigUint64Array(2)).join('-')
    keys.current.set(text, key)
    const run = await client.operator.runs.begin(wish, { key })
    go('runs', String(run.id))
  }
  const tryIt = () =>
    ask(async () => await begin({ ...wishOf(choice), dryRun: { sample: choice.sample ?? 50 } }))
  const beginIt = () => ask(async () => await begin({ ...wishOf(choice), ...limitsOf(choice) }))
  const countThem = () =>
    ask(async () => {
      const told = await client.operator.runs.count(wishOf(choice))
      if (latest.current === choice) setCount(told)
    })

  return (
    <article class="run">
      <p class="small">
        <a class="soft" href={linkTo('runs')}>
          {said.back}
        </a>
      </p>
      <h1>{said.begin}</h1>
      <p class="soft">{said.beginMeans}</p>
      <form
        ref={form}
        class="run-form run-begin"
        onSubmit={(event) => {
          event.preventDefault()
          void beginIt()
        }}
      >
        <fieldset>
          <legend>{said.which}</legend>
          {STATES.map((state) => (
            <label key={state} class="run-choice">
              <input
                type="radio"
                name="state"
                checked={choice.state === state}
                onChange={() => change({ state })}
              />
              <span>
                {said.selected[state]} <span class="soft small">{said.selectedMeans[state]}</span>
              </span>
            </label>
          ))}
        </fieldset>
        <fieldset class="run-fields">
          <legend>{said.only}</legend>
          <Text title={said.ownersOnly} value={choice.owners} onValue={(owners) => change({ owners })} />
          <Text title={said.from} isDate value={choice.from} onValue={(from) => change({ from })} />
          <Text title={said.to} isDate value={choice.to} onValue={(to) => change({ to })} />
          <Amount
            title={said.limit}
            value={choice.limit}
            onValue={(limit) => change({ limit })}
            min={1}
            max={1_000_000_000}
            step={1}
          />
        </fieldset>
        <fieldset>
          <legend>{said.make}</legend>
          <p class="soft small">{said.makeMeans}</p>
          <Checks
            title={said.presets}
            words={presets.map(({ name }) => name)}
            checked={choice.presets}
            onChecked={(names) => change({ presets: names })}
          />
          <Checks
            title={said.formats}
            words={FORMATS}
            checked={choice.formats}
            onChecked={(formats) => change({ formats })}
          />
        </fieldset>
        <fieldset class="run-fields">
          <legend>{said.howFast}</legend>
          <Amount
            title={said.rateLimit}
            value={choice.rate}
            onValue={(rate) => change({ rate })}
            min={0.01}
            max={100_000}
          />
          <Amount
            title={said.shareLimit}
            value={choice.share}
            onValue={(share) => change({ share })}
            min={0.1}
            max={100}
          />
        </fieldset>
        <fieldset class="run-fields">
          <legend>{said.safety}</legend>
          <Amount
            title={said.canarySize}
            value={choice.canary}
            onValue={(canary) => change({ canary })}
            min={1}
            max={2_000}
            step={1}
          />
          <Amount
            title={said.maxFailures}
            value={choice.maxFailures}
            onValue={(maxFailures) => change({ maxFailures })}
            min={0.1}
            max={100}
          />
          <Amount
            title={said.keepDays}
            value={choice.keepDays}
            onValue={(keepDays) => change({ keepDays })}
            min={0}
            max={366}
            step={1}
          />
          <Amount
            title={said.sampleSize}
            value={choice.sample}
            onValue={(sample) => change({ sample })}
            min={2}
            max={2_000}
            step={1}
          />
        </fieldset>
        <p class="run-count" role="status">
          {count !== null && toldOf(count)}
        </p>
        <Why why={problem} />
        <div class="run-acts">
          <button type="button" class="button" disabled={isBusy} onClick={() => void countThem()}>
            {said.countThem}
          </button>
          <button type="button" class="button" disabled={isBusy} onClick={() => void tryIt()}>
            {said.dryRun}
          </button>
          <button type="submit" class="button main" disabled={isBusy}>
            {choice.canary === null ? said.beginAll : said.beginCanary(number(choice.canary))}
          </button>
        </div>
      </form>
    </article>
  )
}

function toldOf({ photos, isAll }: RunCount): string {
  const { runs: said } = words.value
  return isAll ? said.counted(photos, number(photos)) : said.countedSoFar(number(photos))
}
