import { useState } from 'preact/hooks'
import { words } from '../words/words.ts'
import { say } from './say.tsx'

const SHOWN_MS = 2_000

export function CopyButton({ text }: { text: string }) {
  const [isCopied, setCopied] = useState(false)
  const { copy, copied } = words.value.common
  const act = async () => {
    await navigator.clipboard.writeText(text)
    setCopied(true)
    say(copied)
    setTimeout(() => setCopied(false), SHOWN_MS)
  }
  return (
    <button type="button" class="button quiet small" onClick={act}>
      {isCopied ? copied : copy}
    </button>
  )
}
