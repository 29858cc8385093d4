import './styles/tokens.css'
import './styles/base.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { openTray } from './develop/tray.ts'
import { open } from './session.ts'

history.scrollRestoration = 'manual'
render(<App />, document.getElementById('app') as HTMLElement)
openTray()
void open()
