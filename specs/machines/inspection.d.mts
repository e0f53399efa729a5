export function count(
  kind: 'state' | 'transition' | 'sneak' | 'breach' | 'cell' | 'crash',
  machine: string,
  name: string,
): void
export function follow(machines: { readonly prototype: object }): void
