import '@preact/signals'
import { render } from 'preact'
import '../../src/style/tokens.css'
import './style.css'
import { App } from './app.tsx'
import { listenToKeys } from './keys.ts'
import { readAll } from './model/read.ts'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
listenToKeys()
await readAll()
