import { Interface, Result } from 'ethers'
import { Fault } from '../../protocols/rules/fault.ts'
import type { ChainLog } from './block.ts'

/**
 * What we read of a contract's ABI; the generated bindings are `as const`, so that names and types follow
 * from them.
 */
interface AbiParameter {
  readonly name: string
  readonly type: string
}
interface AbiItem {
  readonly type: string
  readonly name?: string
  readonly inputs?: readonly AbiParameter[]
}
export type Abi = readonly AbiItem[]

/**
 * Numbers that JavaScript holds exactly come as `number`; larger ones as `bigint`; bytes and addresses as
 * lower-case hex.
 */
type ValueOf<T extends string> = T extends `${infer Element}[${string}]`
  ? readonly ValueOf<Element>[]
  : T extends 'bool'
    ? boolean
    : T extends 'address' | 'string' | `bytes${string}`
      ? string
      : T extends 'uint8' | 'uint16' | 'uint32'
        ? number
        : T extends `uint${string}` | `int${string}`
          ? bigint
          : unknown

type ArgsOf<Inputs> = Inputs extends readonly AbiParameter[]
  ? { readonly [P in Inputs[number] as P['name']]: ValueOf<P['type']> }
  : never

type EventItem<A extends Abi> = Extract<A[number], { type: 'event' }>

/** Where a fact stands on the chain. */
export interface FactPlace {
  readonly address: string
  readonly block: number
  readonly blockHash: string
  readonly timestampMs: number
  readonly transactionHash: string
  readonly logIndex: number
}

/** An event of a contract as a typed fact: `name` tells which, `args` holds its named arguments. */
export type FactOf<A extends Abi> =
  EventItem<A> extends infer E
    ? E extends { name: infer N extends string; inputs: infer I }
      ? FactPlace & { readonly name: N; readonly args: ArgsOf<I> }
      : never
    : never

export type EventName<A extends Abi> = EventItem<A> extends { name: infer N extends string } ? N : never

type Plain = string | number | bigint | boolean | readonly Plain[]

const SMALL = new Set(['uint8', 'uint16', 'uint32'])

function plain(value: unknown, type: string): Plain {
  if (value instanceof Result || Array.isArray(value)) {
    const element = type.slice(0, type.lastIndexOf('['))
    return Array.from(value, (one: unknown) => plain(one, element))
  }
  if (typeof value === 'bigint') return SMALL.has(type) ? Number(value) : value
  if (typeof value === 'string') return type === 'string' ? value : value.toLowerCase()
  if (typeof value === 'boolean') return value
  throw new Fault('bad-log', `an event holds a ${typeof value}`)
}

export interface FactDecoder<A extends Abi> {
  /** The fact of a log; undefined when the ABI does not know its event. */
  decode(log: ChainLog): FactOf<A> | undefined
  /** The facts of several logs, in their order, without those the ABI does not know. */
  decodeAll(logs: readonly ChainLog[]): FactOf<A>[]
  /** The first topic of an event's logs: compared before anything is decoded. */
  topicOf(name: EventName<A>): string
  /** Encodes calls, decodes errors. */
  readonly abi: Interface
  readonly source: Abi
}

const isFact = <A extends Abi>(found: object, names: ReadonlySet<string>): found is FactOf<A> =>
  'name' in found && typeof found.name === 'string' && names.has(found.name)

/**
 * Decodes logs of a contract. Each log is decoded once in the process however many proxies ask, because
 * forty homes look at the same block.
 */
function makeDecoder<A extends Abi>(abi: A): FactDecoder<A> {
  const face = new Interface(abi)
  const names = new Set<string>()
  face.forEachEvent((event) => names.add(event.name))
  const decoded = new WeakMap<ChainLog, FactOf<A>>()
  const decode = (log: ChainLog): FactOf<A> | undefined => {
    if (decoded.has(log)) return decoded.get(log)
    const fact = decodeNow(face, log)
    if (fact === undefined || !isFact<A>(fact, names)) return undefined
    decoded.set(log, fact)
    return fact
  }
  return {
    abi: face,
    source: abi,
    topicOf: (name) => face.getEvent(name)?.topicHash ?? '',
    decode,
    decodeAll: (logs) =>
      logs.flatMap((log): FactOf<A>[] => {
        const fact: object | undefined = decode(log)
        return fact !== undefined && isFact<A>(fact, names) ? [fact] : []
      }),
  }
}

function decodeNow(face: Interface, log: ChainLog) {
  const parsed = face.parseLog(log)
  if (parsed === null) return undefined
  const args: Record<string, Plain> = {}
  for (const [index, input] of parsed.fragment.inputs.entries()) {
    args[input.name] = plain(parsed.args[index], input.type)
  }
  return {
    name: parsed.name,
    args,
    address: log.address,
    block: log.block.number,
    blockHash: log.block.hash,
    timestampMs: log.timestampMs,
    transactionHash: log.transactionHash,
    logIndex: log.logIndex,
  }
}

const decoders = new WeakMap<Abi, { readonly source: Abi }>()

const isDecoderOf = <A extends Abi>(found: { source: Abi } | undefined, abi: A): found is FactDecoder<A> =>
  found?.source === abi

/** The decoder of an ABI; the same one for the same ABI. */
export function decoderOf<A extends Abi>(abi: A): FactDecoder<A> {
  const kept = decoders.get(abi)
  if (isDecoderOf(kept, abi)) return kept
  const made = makeDecoder(abi)
  decoders.set(abi, made)
  return made
}
