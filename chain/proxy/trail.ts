import type { BlockRef } from './block.ts'

/**
 * Blocks that were applied, oldest first: the last ones all, before them ever fewer. When a chain comes
 * back different, the newest one that it still has says from where to apply again.
 */
export type Trail = readonly BlockRef[]

/** How many of the newest blocks are all kept. */
const DENSE = 8

/**
 * Beyond them, a block stays while it is the first in its bucket; buckets are as wide as a half to a
 * quarter of their age.
 */
const bucketOf = (number: number, age: number): number => {
  const width = 2 ** (32 - Math.clz32(Math.ceil(age / 4) - 1))
  return width * 2 ** 24 + Math.floor(number / width)
}

/** No block was applied yet. */
export const NO_TRAIL: Trail = []

/** Readers of one process mostly walk alike: what was made for the first one is the others' too … */
const extensions = new Map<string, { readonly from: Trail; readonly to: Trail }>()
/** … for so many blocks: more would keep every trail there ever was. */
const SHARED_MOST = 64
const cuts = new WeakMap<Trail, { readonly number: number; readonly to: Trail }>()

/** The trail after `block` was applied. */
export function extend(trail: Trail, block: BlockRef): Trail {
  const { hash } = block
  const known = extensions.get(hash)
  if (known?.from === trail) return known.to
  const to = extended(trail, block)
  extensions.delete(hash)
  extensions.set(hash, { from: trail, to })
  for (const oldest of extensions.keys()) {
    if (extensions.size <= SHARED_MOST) break
    extensions.delete(oldest)
  }
  return to
}

function extended(trail: Trail, { number, hash }: BlockRef): Trail {
  // Thinned out now and then: to look at every block again at every block costs more than a few more of them.
  if (number % DENSE !== 0 && trail.at(-1)?.number === number - 1) return [...trail, { number, hash }]
  const kept: BlockRef[] = []
  let lastBucket = -1
  for (const ref of trail) {
    if (ref.number >= number) continue
    const age = number - ref.number
    const bucket = age <= DENSE ? -1 : bucketOf(ref.number, age)
    if (bucket === -1 || bucket !== lastBucket) kept.push(ref)
    lastBucket = bucket
  }
  kept.push({ number, hash })
  return kept
}

/** The trail of who applied `own` and then passed what `shared` holds after it. */
export function joined(own: Trail, shared: Trail): Trail {
  const first = shared[0]
  const older = first === undefined ? own : own.filter((ref) => ref.number < first.number)
  return older.length === 0 ? shared : [...older, ...shared]
}

/** The trail up to and with block `number`. */
export function cutAfter(trail: Trail, number: number): Trail {
  const known = cuts.get(trail)
  if (known?.number === number) return known.to
  const to = trail.filter((ref) => ref.number <= number)
  cuts.set(trail, { number, to })
  return to
}
