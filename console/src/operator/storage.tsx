import type { Stats } from 'darkroom-client'
import { bytes, number, time } from '../words/amounts.ts'
import { words } from '../words/words.ts'

/** What is stored, as it was counted last. */
export function Storage({ storage }: { storage: Stats['storage'] }) {
  const { operator } = words.value
  if (!storage) return <p class="soft">{operator.uncounted}</p>
  const facts = [
    [operator.stored, bytes(storage.bytes)],
    [operator.originals, bytes(storage.originalBytes)],
    [operator.renditions, bytes(storage.renditionBytes)],
    [operator.photos, number(storage.photos)],
    [operator.objects, number(storage.objects)],
  ] as const
  return (
    <>
      <dl class="operator-facts numbers">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p class="soft small">{operator.counted(time(storage.asOf))}</p>
    </>
  )
}
