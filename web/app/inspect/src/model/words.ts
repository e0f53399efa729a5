import type { Line } from '../../../../../actors/inspection/recording.ts'
import type { Recording } from './recording.ts'

/** A state as people read it: `operating: metering listening, link whole`. */
export function stateWords(state: unknown): string {
  if (typeof state === 'string') return state
  if (typeof state !== 'object' || state === null) return ''
  return Object.entries(state)
    .map(([name, inner]) => {
      const words = stateWords(inner)
      return words === '' ? name : `${name} › ${words}`
    })
    .join(', ')
}

const DIGITS = 4

/** A long number of the chain by its ends. */
export const shortId = (id: string): string =>
  /^0x[0-9a-f]{12,}$/i.test(id)
    ? `${id.slice(0, 2 + DIGITS)}…${id.slice(-DIGITS)}`
    : id.length > 22
      ? `${id.slice(0, 14)}…${id.slice(-DIGITS)}`
      : id

/** The number of an auction holds its buyer's account, and the buyer's own number of it. */
const AUCTION = /^trade:0x0{8}([0-9a-f]{40})([0-9a-f]{16})$/

/** What something is about in words: `trade 2 of home-01`. */
export function aboutWords(recording: Recording, about: string): string {
  const [, buyer, number] = AUCTION.exec(about) ?? []
  if (buyer !== undefined && number !== undefined) {
    const home = recording.gatewayOf(`0x${buyer}`) ?? shortId(`0x${buyer}`)
    return `trade ${Number.parseInt(number, 16)} of ${home}`
  }
  const colon = about.indexOf(':')
  const kind = about.slice(0, colon)
  return `${kind === 'tx' ? 'transaction' : kind} ${shortId(about.slice(colon + 1))}`
}

/** A machine of a gateway in words: its name, and of calls what they call. */
export function actorWords(machine: string, actor: string): string {
  const [, first = '', second = ''] = actor.split(':')
  if (machine === 'intent') return `call ${second}`
  if (machine === 'contract-proxy' || machine === 'board-link') return `${machine} ${first}`
  return machine
}

/** What a line says happened, in a few words. */
export function lineWords(line: Line): string {
  if (line.kind === 'note') {
    if (line.what === 'fact') return line.name
    if (line.what === 'decision') {
      const { acted, do: wish, resource } = line.details
      const what = `${String(wish)} ${String(resource)}`
      return acted === true ? `decides to ${what}` : `does not ${what}`
    }
    return line.name
  }
  if (line.kind === 'began') return 'begins'
  // What a call has come to says more than the head that brought it there.
  return line.machine === 'intent' ? stateWords(line.state) : line.event.type
}

/** Who says it. */
export function whoWords(line: Line): string {
  if (line.kind !== 'note') return actorWords(line.machine, line.actor)
  return { fact: 'contract', decision: 'rule', sent: 'peer', heard: 'peer' }[line.what]
}

const two = (value: number, digits = 2): string => String(value).padStart(digits, '0')

/** A moment of the day to the millisecond. */
export function timeWords(atMs: number): string {
  const at = new Date(atMs)
  const seconds = `${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
  return `${two(at.getHours())}:${two(at.getMinutes())}:${seconds}`
}

export const whole = (value: number): string => value.toLocaleString('en-GB')
