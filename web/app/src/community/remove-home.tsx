import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { MemberView } from '../../../read-model.ts'
import { ask } from '../model/actions.ts'
import { ConfirmButton } from '../parts/confirm-button.tsx'

/** How the manager lets a home go: named first, and meant twice. */
export function RemoveHome({ members }: { readonly members: readonly MemberView[] }): JSX.Element {
  const [home, setHome] = useState('')
  const name = members.find(({ account }) => account === home)?.name
  return (
    <details class="conditions picker">
      <summary>Remove a home</summary>
      <p>Its readings and trades are taken no more, and its quota is divided among the others.</p>
      <select aria-label="Home" value={home} onChange={(event) => setHome(event.currentTarget.value)}>
        <option value="">Choose one</option>
        {members.map((member) => (
          <option key={member.account} value={member.account}>
            {member.name}
          </option>
        ))}
      </select>{' '}
      {name === undefined ? null : (
        <ConfirmButton
          key={home}
          label={`Remove ${name}`}
          confirm={`Really remove ${name}`}
          act={() => ask('/api/actions/remove-home', { home })}
        />
      )}
    </details>
  )
}
