import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { NO_EFFECTS } from '../../../src/photo/look/effects.ts'
import { say } from '../parts/say.tsx'
import { session } from '../session.ts'
import { words } from '../words/words.ts'
import { parse } from './drawing.ts'
import { KeepLook } from './keep-look.tsx'
import { dropped, type LookChoice } from './look-choice.ts'

type OwnTablesProps = { choice: LookChoice; onChoose: (name: string) => void; onKept: () => Promise<void> }
type Mistake = { file: string; why: string }

/** No `.cube` of 65 points an axis is larger. */
const MOST_BYTES = 50_000_000

/** `.cube` files that are chosen here or dropped on the page: looks as the others, on this page alone. */
export function OwnTables({ choice, onChoose, onKept }: OwnTablesProps) {
  const { looks } = words.value
  const input = useRef<HTMLInputElement>(null)
  const mistakes = useSignal<readonly Mistake[]>([])
  const isOver = useSignal(false)

  const take = async (files: readonly File[]) => {
    mistakes.value = []
    for (const file of files) {
      try {
        onChoose(await add(file))
        say(looks.added(file.name))
      } catch (error) {
        mistakes.value = [...mistakes.value, { file: file.name, why: (error as Error).message }]
      }
    }
  }
  useDropped(take, (is) => {
    isOver.value = is
  })

  return (
    <section class={`own-tables ${isOver.value ? 'is-over' : ''}`}>
      <h2>{looks.own}</h2>
      <p class="small soft">{looks.ownHow}</p>
      <input
        ref={input}
        type="file"
        class="unseen"
        accept=".cube"
        multiple
        tabIndex={-1}
        aria-label={looks.choose}
        onChange={({ currentTarget }) => {
          void take([...(currentTarget.files ?? [])])
          currentTarget.value = ''
        }}
      />
      <button type="button" class="button" onClick={() => input.current?.click()}>
        {looks.choose}
      </button>
      <div role="alert">
        {mistakes.value.map(({ file, why }) => (
          <p key={file} class="bad small">
            {looks.badFile(file, why)}
          </p>
        ))}
      </div>
      {session.value.kind === 'in' && session.value.isOperator && (
        <KeepLook key={choice.name} choice={choice} onChoose={onChoose} onKept={onKept} />
      )}
    </section>
  )
}

/** The name of the look that the file is. Throws what is wrong with it. */
async function add(file: File): Promise<string> {
  const { looks } = words.value
  if (file.size > MOST_BYTES) throw new Error(looks.tooLarge)
  const text = await file.text()
  const { table, title } = await parse(text)
  const choice: LookChoice = {
    name: table,
    title: title ?? file.name.replace(/\.cube$/i, ''),
    description: looks.fromFile(file.name),
    table,
    ...NO_EFFECTS,
    file: { name: file.name, text },
    isKept: false,
  }
  // The same file again takes its former place.
  dropped.value = [...dropped.value.filter((other) => other.file?.name !== file.name), choice]
  return choice.name
}

/** Files that are dropped anywhere on the page, and whether some are held over it. */
function useDropped(take: (files: readonly File[]) => Promise<void>, over: (is: boolean) => void): void {
  useEffect(() => {
    const has = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const on: [string, (event: DragEvent) => void][] = [
      [
        'dragover',
        (event) => {
          if (!has(event)) return
          event.preventDefault()
          over(true)
        },
      ],
      ['dragleave', (event) => event.relatedTarget === null && over(false)],
      [
        'drop',
        (event) => {
          if (!has(event)) return
          event.preventDefault()
          over(false)
          void take([...(event.dataTransfer?.files ?? [])])
        },
      ],
    ]
    for (const [type, listener] of on) addEventListener(type, listener as EventListener)
    return () => {
      for (const [type, listener] of on) removeEventListener(type, listener as EventListener)
    }
  }, [])
}
