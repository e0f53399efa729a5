import type { AlarmDraft } from '../../protocols/rules/alarm.ts'
import { messageOf } from '../../protocols/rules/fault.ts'
import type { PowerNotice } from '../../protocols/rules/power-control.ts'
import { powerAlarm } from '../../protocols/rules/power-control.ts'
import type { PowerControlContext, PowerControlEvent } from './machine.ts'
import { powerControlMachine } from './machine.ts'

/** What power control acts on: the relay of the home's power board, and the home's own alarms. */
export interface PowerControlPorts {
  /** Resolve when the board has answered that it obeyed; reject otherwise, also after a time of one's own. */
  openRelay(): Promise<void>
  closeRelay(): Promise<void>
  /** Raises an alarm of the home's own. */
  tell(alarm: AlarmDraft): void
}

interface Acting {
  readonly context: PowerControlContext
  readonly self: { send(event: PowerControlEvent): void }
}

type Obeyed = Extract<PowerControlEvent, { type: 'RELAY_OPENED' | 'RELAY_CLOSED' }>

/**
 * Power control with its effects. Commands to the relay are idempotent: they may be given again after a
 * restart.
 */
export function livePowerControl(ports: PowerControlPorts) {
  const command = (act: () => Promise<void>, obeyed: Obeyed) => {
    return ({ self }: Acting) => {
      act().then(
        () => self.send(obeyed),
        (thrown: unknown) => self.send({ type: 'RELAY_FAILED', reason: messageOf(thrown) }),
      )
    }
  }
  const tell = (notice: PowerNotice) => {
    return ({ context }: Acting) => ports.tell(powerAlarm(notice, context, context))
  }
  return powerControlMachine.provide({
    actions: {
      openRelay: command(() => ports.openRelay(), { type: 'RELAY_OPENED' }),
      closeRelay: command(() => ports.closeRelay(), { type: 'RELAY_CLOSED' }),
      tellWarned: tell('warned'),
      tellTripped: tell('tripped'),
      tellRestored: tell('restored'),
      tellRelayFailed: tell('relay-failed'),
    },
  })
}
