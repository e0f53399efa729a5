import { Fault } from '../../protocols/rules/fault.ts'
import type { BoardKind } from '../../protocols/rules/reading.ts'
import { durationMs } from './duration.ts'

/** Something that a fault can befall. */
export type FaultNode =
  { kind: 'cgw' } | { kind: 'home'; number: number } | { kind: 'signer'; number: number } | { kind: 'chain' }

/** One thing done to the running community, `atMs` after every home operates. */
export type PlannedFault =
  | { action: 'kill' | 'stop' | 'resume' | 'cut'; node: FaultNode; atMs: number }
  | { action: 'heal'; atMs: number }
  | { action: 'wire'; home: number; board: BoardKind; atMs: number }
  | { action: 'delegate'; pair: HomePair; atMs: number }
  /** `pair` null: whatever is delegated then. */
  | { action: 'end'; pair: HomePair | null; atMs: number }

/** Home `from` hands its watch over to home `to`. */
export interface HomePair {
  readonly from: number
  readonly to: number
}

export const FAULT_GRAMMAR = [
  'LIST   := item,item…',
  'item   := action@duration            (counted from the moment every home operates)',
  'action := kill:NODE                  (SIGKILL; it comes back after 1 s)',
  '        | stop:NODE | resume:NODE    (frozen, and going on)',
  '        | cut:NODE | heal            (nobody reaches the node, nor it anybody; heal mends every cut)',
  '        | wire:HOME.BOARD            (a sensor wire breaks)',
  '        | delegate:A>B               (home A hands its readings and alarms over to home B)',
  '        | end | end:A>B              (home A takes them back; without names, every home does)',
  'NODE   := cgw | home:N | chain | signer:N   (signers with --chain geth: 1 to 3, killed or stopped)',
  'BOARD  := power | water | comfort',
  'e.g.   --fault kill:home:2@10s,cut:home:1@15s,heal@25s,wire:1.power@30s',
  '       --fault "delegate:1>2@20s,end@70s"   (quoted: a shell reads > itself)',
].join('\n')

const refuse = (item: string, why: string): Fault =>
  new Fault('bad-fault', `--fault: "${item}": ${why}\n${FAULT_GRAMMAR}`, { field: '--fault', item })

function nodeOf(item: string, text: string): FaultNode {
  if (text === 'cgw' || text === 'chain') return { kind: text }
  const home = /^home:(\d+)$/.exec(text)?.[1]
  if (home !== undefined) return { kind: 'home', number: Number(home) }
  const signer = /^signer:(\d+)$/.exec(text)?.[1]
  if (signer !== undefined) return { kind: 'signer', number: Number(signer) }
  throw refuse(item, `"${text}" is no node`)
}

const isBoard = (text: string): text is BoardKind => ['power', 'water', 'comfort'].includes(text)

function pairOf(item: string, text: string): HomePair {
  const [, from, to] = /^(\d+)>(\d+)$/.exec(text) ?? []
  if (from === undefined || to === undefined) throw refuse(item, 'two homes are named A>B, e.g. 1>2')
  if (Number(from) === Number(to)) throw refuse(item, 'a home cannot hand its watch over to itself')
  return { from: Number(from), to: Number(to) }
}

function actionOf(item: string, action: string, atMs: number): PlannedFault {
  const [verb = '', ...rest] = action.split(':')
  const argument = rest.join(':')
  switch (verb) {
    case 'delegate':
      return { action: 'delegate', pair: pairOf(item, argument), atMs }
    case 'end':
      return { action: 'end', pair: rest.length === 0 ? null : pairOf(item, argument), atMs }
    case 'kill':
    case 'stop':
    case 'resume':
    case 'cut':
      return { action: verb, node: nodeOf(item, argument), atMs }
    case 'heal':
      if (argument !== '') throw refuse(item, 'heal mends every cut and names no node')
      return { action: 'heal', atMs }
    case 'wire': {
      const wire = /^(\d+)\.(\w+)$/.exec(argument)
      const board = wire?.[2] ?? ''
      if (wire?.[1] === undefined || !isBoard(board))
        throw refuse(item, 'a wire is named HOME.BOARD, e.g. wire:2.power')
      return { action: 'wire', home: Number(wire[1]), board, atMs }
    }
    default:
      throw refuse(item, `unknown action "${verb}"`)
  }
}

function homesOf(fault: PlannedFault): readonly number[] {
  if (fault.action === 'wire') return [fault.home]
  if ('pair' in fault) return fault.pair === null ? [] : [fault.pair.from, fault.pair.to]
  return 'node' in fault && fault.node.kind === 'home' ? [fault.node.number] : []
}

function timeOf(item: string, text: string): number {
  try {
    return durationMs('--fault', text, 0)
  } catch {
    throw refuse(item, `"${text}" is no time; write a duration such as 500ms, 20s or 2m`)
  }
}

/** Refuses a signer that the chain of the run does not have; nobody can cut one off on this machine. */
function requireSigner(item: string, fault: PlannedFault, signers: number): void {
  if (!('node' in fault) || fault.node.kind !== 'signer') return
  if (signers === 0) throw refuse(item, 'the embedded chain has no signers')
  const { number } = fault.node
  if (number < 1 || number > signers) throw refuse(item, `there is no signer ${number}; 1 to ${signers} are`)
  if (fault.action === 'cut') throw refuse(item, 'a signer can be killed or stopped, not cut off')
}

function parseItem(item: string, homes: number, signers: number): PlannedFault {
  const at = item.lastIndexOf('@')
  if (at < 1) throw refuse(item, 'it says no time; write action@duration')
  const fault = actionOf(item, item.slice(0, at), timeOf(item, item.slice(at + 1)))
  requireSigner(item, fault, signers)
  const unknown = homesOf(fault).find((home) => home < 1 || home > homes)
  if (unknown !== undefined) throw refuse(item, `there is no home ${unknown}; homes are 1 to ${homes}`)
  return fault
}

/**
 * The plan of `--fault LIST`, in order of time. Throws `bad-fault` with the grammar when an item is unknown.
 */
export function parseFaults(list: string, homes: number, signers = 0): PlannedFault[] {
  return list
    .split(',')
    .map((item) => parseItem(item.trim(), homes, signers))
    .sort((a, b) => a.atMs - b.atMs)
}

/** Whether a plan needs each gateway in a process of its own: where one of them alone is to fail. */
export function needsIsolation(plan: readonly PlannedFault[]): boolean {
  return plan.some((fault) => 'node' in fault && ['cgw', 'home'].includes(fault.node.kind))
}
