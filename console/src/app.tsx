import './styles/shell.css'
import type { ComponentType } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { isOnline } from './connection.ts'
import { Develop } from './develop/develop.tsx'
import { Feed } from './feed/feed.tsx'
import { Said, say } from './parts/say.tsx'
import { Failed, Loading, NothingHere, State } from './parts/state.tsx'
import { withCommands } from './parts/with-commands.tsx'
import { linkTo, route } from './route.ts'
import { session, signOut } from './session.ts'
import { SignIn } from './sign-in.tsx'
import { words } from './words/words.ts'

type View = ComponentType<{ words: readonly string[] }>

/** The first two are what people open the page for; the others come when they are asked for. */
const VIEWS: Readonly<Record<string, View>> = {
  develop: Develop,
  feed: Feed,
  photos: Photo,
  owners: Feed,
  runs: lazy(async () => (await import('./runs/runs.tsx')).Runs),
  operator: lazy(async () => (await import('./operator/operator.tsx')).Operator),
}

const PhotoView = lazy(async () => (await import('./photo/photo.tsx')).PhotoView)
const Looks = lazy(async () => (await import('./looks/looks.tsx')).Looks)

/** `#/photos/ID`, and its looks under `#/photos/ID/looks`. */
function Photo({ words }: { words: readonly string[] }) {
  const View = words[1] === 'looks' ? Looks : PhotoView
  return <View key={words.join('/')} words={words} />
}

const FOR_OPERATORS: ReadonlySet<string> = new Set(['runs', 'operator'])

export function App() {
  const state = session.value
  return (
    <>
      <Said />
      {state.kind === 'opening' ? <Loading /> : state.kind === 'out' ? <SignIn /> : <Shell />}
    </>
  )
}

function Shell() {
  const { common } = words.value
  const [name = '', ...rest] = route.value
  const main = useRef<HTMLElement>(null)
  const wasOnline = useRef(true)

  useEffect(() => {
    if (!isOnline.value) say(common.offline)
    else if (!wasOnline.current) say(common.online)
    wasOnline.current = isOnline.value
  }, [isOnline.value])

  // Whoever goes to another view goes on from its beginning, with the keyboard, too.
  const path = route.value.join('/')
  const isFirst = useRef(true)
  useEffect(() => {
    if (!isFirst.current) main.current?.focus({ preventScroll: true })
    isFirst.current = false
  }, [path])

  return (
    <div class="shell">
      <Bar current={name} />
      <main id="content" ref={main} tabIndex={-1}>
        {!isOnline.value && <p class="notice-line">{common.offline}</p>}
        <Shown name={name} rest={rest} />
      </main>
    </div>
  )
}

function Bar({ current }: { current: string }) {
  const { common } = words.value
  const { owner, isOperator } = session.value as { owner: string; isOperator: boolean }
  const links = (['develop', 'feed', 'runs', 'operator'] as const).filter(
    (name) => isOperator || !FOR_OPERATORS.has(name),
  )
  const skip = () => document.getElementById('content')?.focus()
  return (
    <header class="bar">
      <button type="button" class="skip button" onClick={skip}>
        {common.skip}
      </button>
      <a class="name" href={linkTo('develop')}>
        {common.name}
      </a>
      <nav aria-label={common.views}>
        <ul>
          {links.map((name) => (
            <li key={name}>
              <a href={linkTo(name)} aria-current={name === current ? 'page' : undefined}>
                {common[name]}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="who small">
        <a class="soft" href={linkTo('owners', owner)}>
          {owner}
        </a>
        <button type="button" class="button quiet small" onClick={() => void signOut()}>
          {common.signOut}
        </button>
      </div>
    </header>
  )
}

function Shown({ name, rest }: { name: string; rest: readonly string[] }) {
  const { common } = words.value
  const { isOperator } = session.value as { isOperator: boolean }
  if (FOR_OPERATORS.has(name) && !isOperator)
    return (
      <State isView title={common.operatorsOnly}>
        <p class="soft">{withCommands(common.operatorsOnlyWhy)}</p>
      </State>
    )
  const View = VIEWS[name]
  return View ? <View key={name} words={rest} /> : <NothingHere />
}

/** A view whose code is fetched when it is shown first. */
function lazy(load: () => Promise<View>): View {
  let loaded: View | null = null
  return function Lazy(props) {
    const [View, setView] = useState<View | null>(() => loaded)
    const [problem, setProblem] = useState<string | null>(null)
    useEffect(() => {
      if (View) return
      load().then(
        (view) => {
          loaded = view
          setView(() => view)
        },
        (error: Error) => setProblem(error.message),
      )
    }, [])
    if (View) return <View {...props} />
    // A newer page may have taken the place of this one, whose views are gone then: it is this page that must be loaded again.
    return problem === null ? <Loading /> : <Failed why={problem} onRetry={() => location.reload()} />
  }
}
