import { useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { signIn } from './model/actions.ts'

/** What a device sees that this gateway does not know. */
export function SignIn(): JSX.Element {
  const [code, setCode] = useState('')
  const submit = (event: SubmitEvent): void => {
    event.preventDefault()
    void signIn(codeOf(code))
  }
  return (
    <form class="card sign-in" onSubmit={submit}>
      <h1>This device is not known here yet</h1>
      <p>
        Open the link that the gateway printed when it started, or paste that link here. This device then
        stays signed in for 30 days after each visit.
      </p>
      <label for="access-code">Link or access code</label>
      <input
        id="access-code"
        type="password"
        autocomplete="off"
        spellcheck={false}
        required
        value={code}
        onInput={(event) => setCode(event.currentTarget.value)}
      />
      <button type="submit" class="button button-loud">
        Sign in
      </button>
      <p class="quiet">
        Does the browser warn about this page? <a href="/trust">Let this device trust the gateway</a>.
      </p>
    </form>
  )
}

/** The code within a pasted link, or what was pasted. */
function codeOf(pasted: string): string {
  return pasted.split('#access=').at(-1)?.trim() ?? ''
}
