import type { ComponentChildren, JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import { notice } from '../model/market.ts'
import { route } from '../model/route.ts'
import { Icon } from './icons.tsx'

interface PageHeadProps {
  readonly title: string
  readonly children?: ComponentChildren
}

/** What a page is, in a few words, and what was just done. */
export function PageHead({ title, children }: PageHeadProps): JSX.Element {
  return (
    <>
      <div class="page-head">
        <h1 tabIndex={-1}>{title}</h1>
        {children === undefined ? null : <p>{children}</p>}
      </div>
      <Notice />
    </>
  )
}

function Notice(): JSX.Element | null {
  const told = notice.value
  return told === null || told.on !== route.value.page ? null : <Told text={told.text} />
}

function Told({ text }: { readonly text: string }): JSX.Element {
  useEffect(() => () => void (notice.value = null), [])
  return (
    <div class="banner banner-done" role="status">
      <Icon name="check" />
      <p>{text}</p>
      <button type="button" class="button" onClick={() => (notice.value = null)}>
        OK
      </button>
    </div>
  )
}

/** What stands where a page has nothing to show yet, and what to do about it. */
export function Nothing({ title, children }: PageHeadProps): JSX.Element {
  return (
    <div class="nothing card">
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  )
}
