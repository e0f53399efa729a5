// Counts what machines do, in every process of a counted run: `--import` loads it there (run-coverage.ts).
// It listens to the inspection of each actor system, also of those that a pure step makes for itself, and
// writes each state and each transition down when it is first seen: a process that is killed has told it all.
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = process.env.METERHOOD_COVERAGE
const FOLLOWED = Symbol.for('meterhood.followed')
const told = new Set()

/** Writes a fact of the run down, once. */
export function count(kind, machine, name) {
  const line = JSON.stringify({ kind, machine, name })
  if (folder === undefined || told.has(line)) return
  told.add(line)
  appendFileSync(join(folder, `${process.pid}.jsonl`), `${line}\n`)
}

/** The place of a transition among those of its state for its event: tells two guarded ways apart. */
function placeOf({ source, eventType }, transition) {
  const all = eventType === '' ? (source.always ?? []) : (source.transitions.get(eventType) ?? [])
  return all.indexOf(transition)
}

function note({ type, snapshot, _transitions: transitions = [] }) {
  if (trying || type !== '@xstate.microstep' || snapshot.machine === undefined) return
  const { id } = snapshot.machine
  for (const node of snapshot._nodes) count('state', id, node.path.join('.'))
  for (const transition of transitions) {
    const place = placeOf(transition, transition)
    if (place < 0) continue
    count('state', id, transition.source.path.join('.'))
    count('transition', id, `${transition.source.path.join('.')} ${transition.eventType} ${place}`)
  }
}

const SNEAKING = Symbol.for('meterhood.came')
const tried = new Set()
let trying = false

/** Hands each new state to whoever tries sneak paths in this process (specs/models/sneak-paths.ts). */
function came(machine, snapshot) {
  const key = `${machine.id} ${JSON.stringify(snapshot.value)}`
  const attempt = globalThis[SNEAKING]
  if (attempt === undefined || trying || tried.has(key)) return
  tried.add(key)
  trying = true
  try {
    attempt(machine, snapshot)
  } finally {
    trying = false
  }
}

/** Makes the actor systems of all machines of this copy of XState tell what they do. */
export function follow({ prototype }) {
  if (folder === undefined || prototype[FOLLOWED] === true) return
  prototype[FOLLOWED] = true
  const systems = new WeakSet()
  for (const name of ['transition', 'getInitialSnapshot']) {
    const original = prototype[name]
    prototype[name] = function followed(first, ...rest) {
      const scope = name === 'transition' ? rest[1] : first
      if (!systems.has(scope.system)) {
        systems.add(scope.system)
        scope.system.inspect(note)
      }
      const next = original.call(this, first, ...rest)
      came(this, next)
      return next
    }
  }
}

if (folder !== undefined) {
  const { StateMachine } = await import('xstate')
  follow(StateMachine)
}
