import { type Preset, Problem, type ReprocessWish, type RunCount, type RunWish } from 'darkroom-client'
import { useEffect, useId, useRef, useState } from 'preact/hooks'
import { go, linkTo } from '../route.ts'
import { client } from '../session.ts'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { Amount } from './pace-form.tsx'

const STATES = ['stale', 'missing', 'failed', 'all'] as const
const FORMATS = ['jpeg', 'webp', 'avif'] as const
const DAY_S = 86_400

type Choice = {
  state: (typeof STATES)[number]
  owners: string
  from: string
  to: string
  limit: number | null
  presets: readonly string[]
  formats: readonly ('jpeg' | 'webp' | 'avif')[]
  keepDays: number | null
  rate: number | null
  share: number | null
  maxFailures: number | null
  canary: number | null
  sample: number | null
}

const FIRST: Choice = {
  state: 'stale',
  owners: '',
  from: '',
  to: '',
  limit: null,
  presets: [],
  formats: [],
  keepDays: 7,
  rate: null,
  share: null,
  maxFailures: 5,
  canary: 20,
  sample: 50,
}

/**
 * A reprocess, as on the command line: what is chosen is counted, tried for its price, and begun, with a canary unless somebody wants
 * none. One key for one wish: who sends it twice begins one run.
 */
export function BeginRun() {
  const { runs: said, common } = words.value
  const [choice, setChoice] = useState(FIRST)
  const [presets, setPresets] = useState<readonly Preset[]>([])
  const [count, setCount] = useState<RunCount | null>(null)
  const [isBusy, setBusy] = useState(false)
  const [why, setWhy] = useState<string | null>(null)
  const form = useRef<HTMLFormElement>(null)
  const keys = useRef(new Map<string, string>())
  useEffect(() => {
    client.presets().then(setPresets, () => {})
  }, [])

  const change = (part: Partial<Choice>) => {
    setChoice((before) => ({ ...before, ...part }))
    setCount(null)
  }
  const ask = async (what: () => Promise<void>) => {
    if (!form.current?.reportValidity()) return
    setBusy(true)
    setWhy(null)
    try {
      await what()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setWhy(error.message)
    } finally {
      setBusy(false)
    }
  }
  const begin = async (wish: RunWish) => {
    const text = JSON.stringify(wish)
    const key = keys.current.get(text) ?? crypto.randomUUID()
    keys.current.set(text, key)
    const run = await client.operator.runs.begin(wish, { key })
    go('runs', String(run.id))
  }
  const tryIt = () =>
    ask(async () => await begin({ ...wishOf(choice), dryRun: { sample: choice.sample ?? 50 } }))
  const beginIt = () => ask(async () => await begin({ ...wishOf(choice), ...limitsOf(choice) }))
  const countThem = () => ask(async () => setCount(await client.operator.runs.count(wishOf(choice))))

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
        {why !== null && (
          <p class="bad" role="alert">
            {common.failed(why)}
          </p>
        )}
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

function wishOf(choice: Choice): ReprocessWish {
  const owners = choice.owners.split(/[,\s]+/).filter((owner) => owner !== '')
  const { limit, presets, formats, keepDays } = choice
  return {
    kind: 'reprocess',
    select: {
      state: choice.state,
      ...(owners.length > 0 && { owners }),
      ...(choice.from !== '' && { from: new Date(`${choice.from}T00:00`).toISOString() }),
      ...(choice.to !== '' && { to: new Date(`${choice.to}T00:00`).toISOString() }),
      ...(limit !== null && { limit }),
    },
    work: {
      ...(presets.length > 0 && { presets: [...presets] }),
      ...(formats.length > 0 && { formats: [...formats] }),
      ...(keepDays !== null && { keepSeconds: keepDays * DAY_S }),
    },
  }
}

function limitsOf({
  rate,
  share,
  maxFailures,
  canary,
}: Choice): Pick<RunWish, 'pace' | 'maxFailures' | 'canary'> {
  return {
    pace: { rate, share },
    ...(maxFailures !== null && { maxFailures }),
    ...(canary !== null && { canary }),
  }
}

type TextProps = { title: string; isDate?: boolean; value: string; onValue: (value: string) => void }

function Text({ title, isDate = false, value, onValue }: TextProps) {
  const common = {
    id: useId(),
    class: 'field',
    value,
    onInput: ({ currentTarget }: { currentTarget: HTMLInputElement }) => onValue(currentTarget.value),
  }
  return (
    <div class="run-field">
      <label for={common.id}>{title}</label>
      {isDate ? <input {...common} type="date" /> : <input {...common} type="text" />}
    </div>
  )
}

type ChecksProps<Word extends string> = {
  title: string
  words: readonly Word[]
  checked: readonly Word[]
  onChecked: (words: Word[]) => void
}

function Checks<Word extends string>({ title, words: all, checked, onChecked }: ChecksProps<Word>) {
  return (
    <fieldset class="run-checks">
      <legend class="soft small">{title}</legend>
      {all.map((word) => (
        <label key={word}>
          <input
            type="checkbox"
            checked={checked.includes(word)}
            onChange={({ currentTarget }) =>
              onChecked(
                all.filter((each) => (each === word ? currentTarget.checked : checked.includes(each))),
              )
            }
          />{' '}
          {word}
        </label>
      ))}
    </fieldset>
  )
}
