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

/** Readers of one process mostly stand at the same block: what was made for the last one is theirs too. */
let newest: { readonly from: Trail; readonly hash: string; readonly to: Trail } | undefined

/** The trail after `block` was applied. */
export function extend(trail: Trail, block: BlockRef): Trail {
  if (newest?.from === trail && newest.hash === block.hash) return newest.to
  const to = extended(trail, block)
  newest = { from: trail, hash: block.hash, to }
  return to
}

function extended(trail: Trail, { number, hash }: BlockRef): Trail {
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

/** The trail up to and with block `number`. */
export function cutAfter(trail: Trail, number: number): Trail {
  return trail.filter((ref) => ref.number <= number)
}
