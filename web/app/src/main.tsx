import '@preact/signals'
import { render } from 'preact'
import { App } from './app.tsx'
import { signInByLink } from './model/actions.ts'
import { followAddress } from './model/route.ts'
import { follow } from './model/stream.ts'
import './style/tokens.css'
import './style/frame.css'
import './style/parts.css'
import './style/pages.css'
import './style/nav.css'
import './style/forms.css'
import './style/market.css'
import './style/neighbours.css'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
await signInByLink()
followAddress()
follow()
