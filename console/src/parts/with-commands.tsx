import type { ComponentChildren } from 'preact'

/** A sentence whose commands stand between backticks: shown as what one types, without these. */
export function withCommands(sentence: string): ComponentChildren {
  return sentence.split('`').map((part, at) =>
    at % 2 === 0 ? (
      part
    ) : (
      <code key={part} class="mono">
        {part}
      </code>
    ),
  )
}
