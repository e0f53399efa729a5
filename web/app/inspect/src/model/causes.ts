import type { Line } from '../../../../../actors/inspection/recording.ts'
import type { Recording } from './recording.ts'

/** How far back a cause is looked for. */
const FARTHEST = 20_000

type Judge = (line: Line) => boolean

function latest(recording: Recording, before: number, judge: Judge): number | null {
  for (let at = before - 1; at >= Math.max(0, before - FARTHEST); at -= 1) {
    const line = recording.lines[at]
    if (line !== undefined && judge(line)) return at
  }
  return null
}

const startsWith = (line: Line, kind: string): string[] => line.about.filter((each) => each.startsWith(kind))

/** Whether two lines speak of the same trade or delegation. */
function shares(recording: Recording, a: Line, b: Line): boolean {
  const names = new Set(
    [...startsWith(a, 'trade:'), ...startsWith(a, 'delegation:'), ...startsWith(a, 'alarm:')].map((each) =>
      recording.nameOf(each),
    ),
  )
  return b.about.some((each) => names.has(recording.nameOf(each)))
}

const isCall = (line: Line): boolean => line.kind !== 'note' && line.machine === 'intent'
const isFact = (line: Line): boolean => line.kind === 'note' && line.what === 'fact'

/** What a machine asked for when it asked for a call of this kind. */
const ASKED_BY: Readonly<Record<string, (line: Line) => boolean>> = {
  submit: (line) => line.kind === 'step' && line.event.type === 'READING_SEALED',
  alarms: (line) => line.kind === 'step' && line.event.type === 'ALARMS_DRAFTED',
}

function causeOfCall(recording: Recording, at: number, line: Line): number | null {
  if (line.kind === 'note') return null
  const own = latest(
    recording,
    at,
    (one) => one.kind !== 'note' && one.actor === line.actor && one.gateway === line.gateway,
  )
  if (own !== null && line.kind === 'step' && line.event.type !== 'signed') return own
  const kind = line.actor.split(':').at(-1) ?? ''
  const asked = ASKED_BY[kind]
  return latest(recording, own ?? at, (one) => {
    if (one.gateway !== line.gateway || isCall(one) || isFact(one)) return false
    return asked === undefined ? shares(recording, line, one) : asked(one)
  })
}

/** A fact is made by the call in whose transaction it stands, at whichever gateway. */
function causeOfFact(recording: Recording, at: number, line: Line): number | null {
  const [transaction] = startsWith(line, 'tx:')
  if (transaction === undefined) return null
  return latest(recording, at, (one) => isCall(one) && one.about.includes(transaction))
}

/** The line that brought this one about, as far as the recording tells; null where people or time did. */
export function causeOf(recording: Recording, at: number): number | null {
  const line = recording.lines[at]
  if (line === undefined) return null
  if (isFact(line)) return causeOfFact(recording, at, line)
  if (isCall(line)) return causeOfCall(recording, at, line)
  if (
    startsWith(line, 'trade:').length +
      startsWith(line, 'delegation:').length +
      startsWith(line, 'alarm:').length >
    0
  ) {
    return latest(
      recording,
      at,
      (one) => one.gateway === line.gateway && !isCall(one) && shares(recording, line, one),
    )
  }
  if (line.kind === 'note') return null
  return latest(
    recording,
    at,
    (one) => one.kind !== 'note' && one.gateway === line.gateway && one.actor === line.actor,
  )
}
