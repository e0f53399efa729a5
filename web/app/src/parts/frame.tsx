import type { ComponentChildren, JSX } from 'preact'
import { announcement, beats, failure, link, nowMs, view } from '../model/live.ts'
import { tryNow } from '../model/stream.ts'
import { duration } from '../words/format.ts'
import { Icon, Mark } from './icons.tsx'
import { hasNav, Nav } from './nav.tsx'

const LINK_WORDS = {
  connecting: 'Connecting',
  live: 'Live',
  offline: 'Away',
  'signed-out': 'Signed out',
} as const

/** What stands around every page: the mark, how the page stands with its gateway, and what went wrong. */
export function Frame({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <>
      <header class="top">
        <span class="brand">
          <Mark />
          Meterhood
        </span>
        <Nav />
        <span class={`link link-${link.value}`} role="status">
          <i key={beats.value} />
          {LINK_WORDS[link.value]}
        </span>
      </header>
      <main class={hasNav() ? 'with-nav' : ''}>
        <OfflineBanner />
        {children}
      </main>
      <FailureToast />
      <p class="unseen" aria-live="assertive">
        {announcement.value}
      </p>
    </>
  )
}

function OfflineBanner(): JSX.Element | null {
  if (link.value !== 'offline') return null
  const told = view.value
  return (
    <div class="banner banner-warning" role="alert">
      <Icon name="offline" />
      <p>
        <strong>The gateway is not answering.</strong>{' '}
        {told === null
          ? 'Trying again.'
          : `These figures are ${duration(nowMs.value - told.updatedAtMs)} old. Trying again.`}
      </p>
      <button type="button" class="button" onClick={tryNow}>
        Try now
      </button>
    </div>
  )
}

function FailureToast(): JSX.Element | null {
  const failed = failure.value
  if (failed === null) return null
  return (
    <div class="toast" role="alert">
      <p>
        <strong>{failed.message}</strong>
        {failed.fix === null ? null : <span> {failed.fix}</span>}
      </p>
      <button type="button" class="button" onClick={() => (failure.value = null)}>
        Close
      </button>
    </div>
  )
}

/** What the people of this gateway should know at once. */
export function Banner({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="banner banner-warning" role="status">
      <Icon name="warning" />
      <p>{children}</p>
    </div>
  )
}

/** A remark that needs no hurry. */
export function Note({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return (
    <div class="banner banner-note">
      <Icon name="notice" />
      <p>{children}</p>
    </div>
  )
}
