import './develop.css'
import { useEffect, useRef, useState } from 'preact/hooks'
import { say } from '../parts/say.tsx'
import { Failed } from '../parts/state.tsx'
import { number } from '../words/amounts.ts'
import { words } from '../words/words.ts'
import { Chooser } from './chooser.tsx'
import { Dock } from './dock.tsx'
import { Fields, nextFields } from './fields.tsx'
import { Newest } from './newest.tsx'
import { type Added, addFiles, tray } from './tray.ts'
import { TrayGrid } from './tray-grid.tsx'
import { type Filter, isOf, type TrayItem } from './tray-item.ts'

const FILTERS: readonly Filter[] = ['all', 'underway', 'developed', 'failed']

/** `#/develop`: photos in, and how each becomes one. */
export function Develop(_: { words: readonly string[] }) {
  const text = words.value.develop
  const state = tray.value
  const { items } = state
  const [notice, setNotice] = useState('')
  const choices = useRef(0)
  const [filter, setFilter] = useState<Filter>('all')
  useAnnouncements(items)

  const add = async (files: readonly File[], isFolder: boolean) => {
    const choice = ++choices.current
    const said = await addFiles(files, isFolder, nextFields.value).then(wordsOf, () => text.notStored)
    say(said)
    // Many photos take long to be kept; what was chosen since then is what one wants to read of.
    if (choice === choices.current) setNotice(said)
  }
  const chosen = items.filter((item) => isOf(filter, item))
  if (state.problem !== null) return <Failed why={text.notStored} />
  return (
    <div class="develop">
      <div class={items.length === 0 ? 'invite' : 'more'}>
        <h1>{text.title}</h1>
        {items.length === 0 && <p>{text.invite}</p>}
        <Chooser onFiles={(files, isFolder) => void add(files, isFolder)} />
        <Fields />
        {items.length === 0 && <p class="small soft">{text.inviteMore}</p>}
      </div>
      {items.length > 0 && (
        <>
          <Filters items={items} filter={filter} onChoose={setFilter} />
          <p class="notice small soft">{notice}</p>
          {chosen.length === 0 && <p class="soft">{text.none}</p>}
          <TrayGrid items={chosen} />
        </>
      )}
      <Newest without={new Set(items.flatMap(({ photo }) => photo ?? []))} />
      {items.length > 0 && <Dock state={state} />}
    </div>
  )
}

type FiltersProps = { items: readonly TrayItem[]; filter: Filter; onChoose: (filter: Filter) => void }

function Filters({ items, filter, onChoose }: FiltersProps) {
  const text = words.value.develop
  return (
    <fieldset class="filters">
      <legend class="unseen">{text.filters}</legend>
      {FILTERS.map((name) => (
        <button
          key={name}
          type="button"
          class="button quiet small numbers"
          aria-pressed={filter === name}
          onClick={() => onChoose(name)}
        >
          {text.filter[name](number(items.filter((item) => isOf(name, item)).length))}
        </button>
      ))}
    </fieldset>
  )
}

function wordsOf({ added, twice, refused, leftOut }: Added): string {
  const text = words.value.develop
  const parts = [
    added > 0 && text.added(added, number(added)),
    twice > 0 && text.twice(twice, number(twice)),
    refused > 0 && text.refused(refused, number(refused)),
    leftOut > 0 && text.leftOut(leftOut, number(leftOut)),
  ].filter(Boolean)
  return added + twice + refused === 0 ? text.nothingFound : `${parts.join('. ')}.`
}

/** Says when all is done, and when something failed. */
function useAnnouncements(items: readonly TrayItem[]): void {
  const text = words.value.develop
  const before = useRef({ left: 0, failed: 0 })
  const left = items.filter((item) => isOf('underway', item)).length
  const failed = items.filter(({ state }) => state === 'failed').length
  useEffect(() => {
    if (failed > before.current.failed) say(text.failedCount(number(failed)))
    else if (left === 0 && before.current.left > 0) {
      const developed = items.filter(({ state }) => state === 'developed').length
      if (developed > 0) say(text.allDone(number(developed)))
    }
    before.current = { left, failed }
  }, [left, failed])
}
