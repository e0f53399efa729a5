import { useEffect, useState } from 'preact/hooks'
import type { JSX } from 'preact'

/** How long the second press is waited for. */
const PATIENCE_MS = 6000

interface ConfirmButtonProps {
  readonly label: string
  /** What the second press says: the consequence, in words. */
  readonly confirm: string
  readonly act: () => Promise<boolean>
  readonly urgent?: boolean
}

/** A button for something that people should mean: the first press asks, the second does. */
export function ConfirmButton({ label, confirm, act, urgent }: ConfirmButtonProps): JSX.Element {
  const [step, setStep] = useState<'idle' | 'asking' | 'doing'>('idle')
  useEffect(() => {
    if (step !== 'asking') return undefined
    const timer = setTimeout(() => setStep('idle'), PATIENCE_MS)
    return () => clearTimeout(timer)
  }, [step])
  const press = async (): Promise<void> => {
    if (step === 'idle') return setStep('asking')
    setStep('doing')
    await act()
    setStep('idle')
  }
  const loud = urgent === true || step === 'asking'
  return (
    <button
      type="button"
      class={`button${loud ? ' button-loud' : ''}`}
      disabled={step === 'doing'}
      aria-live="polite"
      onClick={() => void press()}
    >
      {step === 'asking' ? confirm : label}
    </button>
  )
}
