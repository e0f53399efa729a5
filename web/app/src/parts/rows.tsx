import type { ComponentChildren, JSX } from 'preact'

/** Names and figures, one under the other. */
export function Rows({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <dl class="rows">{children}</dl>
}

interface RowProps {
  readonly name: string
  /** The same in other words, small. */
  readonly more?: string
  readonly strong?: boolean
  readonly children: ComponentChildren
}

export function Row({ name, more, strong, children }: RowProps): JSX.Element {
  return (
    <div class={strong === true ? 'row row-strong' : 'row'}>
      <dt>{name}</dt>
      <dd>
        {children}
        {more === undefined || more === '' ? null : <small>{more}</small>}
      </dd>
    </div>
  )
}
