import type { JSX } from 'preact'
import type { Refusal } from '../../../messages.ts'

interface FormProblemProps {
  readonly refused: Refusal | null
  readonly problem: string | null
}

/** What is wrong with the whole of a form, or what the gateway answered to it and how to go on. */
export function FormProblem({ refused, problem }: FormProblemProps): JSX.Element | null {
  const text = problem ?? refused?.message ?? null
  if (text === null) return null
  return (
    <p class="form-problem" role="alert">
      {text} {problem === null ? refused?.fix : null}
    </p>
  )
}
