import type { JSX } from 'preact'
import { Icon } from './icons.tsx'

/** A file to take along. */
export function FileLink({ href, text }: { readonly href: string; readonly text: string }): JSX.Element {
  return (
    <a class="button button-icon" href={href} download>
      <Icon name="file" />
      {text}
    </a>
  )
}
