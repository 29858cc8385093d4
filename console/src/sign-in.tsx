import { useState } from 'preact/hooks'
import { withCommands } from './parts/with-commands.tsx'
import { session, signIn } from './session.ts'
import { words } from './words/words.ts'

export function SignIn() {
  const { title, how, token, enter, problems } = words.value.signIn
  const [text, setText] = useState('')
  const problem = session.value.kind === 'out' ? session.value.problem : null
  const submit = (event: Event) => {
    event.preventDefault()
    void signIn(text.trim())
  }
  return (
    <main class="sign-in" id="content" tabIndex={-1}>
      <h1>{title}</h1>
      {problem && (
        <p class="bad" role="alert">
          {withCommands(problems[problem])}
        </p>
      )}
      <p>{withCommands(how)}</p>
      <form onSubmit={submit}>
        <label for="token">{token}</label>
        <input
          id="token"
          class="field"
          type="password"
          autocomplete="off"
          required
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
        <div>
          <button type="submit" class="button main">
            {enter}
          </button>
        </div>
      </form>
    </main>
  )
}
