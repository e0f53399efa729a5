import '@preact/signals'
import { render } from 'preact'
import { App } from './app.tsx'
import { signInByLink } from './model/actions.ts'
import { follow } from './model/stream.ts'
import './style/tokens.css'
import './style/frame.css'
import './style/parts.css'
import './style/pages.css'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
await signInByLink()
follow()
