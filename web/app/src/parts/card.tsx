import type { ComponentChildren, JSX } from 'preact'
import { Icon, type IconName } from './icons.tsx'

interface CardProps {
  readonly id: string
  readonly title: string
  readonly icon: IconName
  readonly aside?: ComponentChildren
  readonly children: ComponentChildren
}

/** One subject of a page: a heading, something small beside it, and the content. */
export function Card({ id, title, icon, aside, children }: CardProps): JSX.Element {
  return (
    <section class={`card card-${id}`} aria-labelledby={`${id}-title`}>
      <header class="card-head">
        <h2 id={`${id}-title`}>
          <Icon name={icon} />
          {title}
        </h2>
        {aside === undefined ? null : <div class="card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  )
}

/** What stands where nothing has happened yet. */
export function Empty({
  icon,
  children,
}: {
  readonly icon: IconName
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <p class="empty">
      <Icon name={icon} />
      <span>{children}</span>
    </p>
  )
}
