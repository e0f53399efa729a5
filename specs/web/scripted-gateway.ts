import { randomBytes } from 'node:crypto'
import type { View } from '../../web/read-model.ts'
import type { PageActions } from '../../web/server/routes.ts'
import { servePages, type Pages, type PagesOptions } from '../../web/server/serve-pages.ts'

/** A gateway whose view a spec writes: the page server is real, only what it shows is scripted. */
export interface ScriptedGateway {
  readonly pages: Pages
  /** Shows another view, as a gateway does when something has happened. */
  show(view: View): void
  /** What the server told its log. */
  readonly log: readonly string[]
  readonly listeners: () => number
}

export type Script = Partial<
  Pick<PagesOptions, 'listen' | 'appFolder' | 'inspectFolder' | 'recordings' | 'heartbeatMs' | 'clock'>
> & {
  readonly view: View
  readonly actions?: PageActions
}

export async function startScripted(script: Script): Promise<ScriptedGateway> {
  let shown = script.view
  const listeners = new Set<() => void>()
  const log: string[] = []
  const tell = (facts: object, message: string): void => {
    log.push(`${message} ${JSON.stringify(facts)}`)
  }
  const pages = await servePages({
    listen: { host: '127.0.0.1', port: 0 },
    clock: { nowMs: () => Date.now() },
    actions: {},
    ...script,
    view: () => shown,
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    random: (length) => Uint8Array.from(randomBytes(length)),
    logger: { info: tell, warn: tell, error: tell },
  })
  const show = (view: View): void => {
    shown = view
    for (const listener of listeners) listener()
  }
  return { pages, show, log, listeners: () => listeners.size }
}
