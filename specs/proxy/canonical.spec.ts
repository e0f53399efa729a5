import { describe, expect, it } from 'vitest'
import { Canonical } from '../../chain/proxy/canonical.ts'
import type { Rpc } from '../../chain/proxy/rpc.ts'

const hashOf = (branch: string, number: number): string =>
  `0x${branch}${number.toString(16).padStart(62, '0')}`

/** A header as a node tells it. */
const header = (branch: string, number: number) => ({
  number: `0x${number.toString(16)}`,
  hash: hashOf(branch, number),
  parentHash: hashOf(branch, number - 1),
  timestamp: '0x1',
  gasLimit: '0x1',
  gasUsed: '0x0',
  transactions: [],
})

/** A node that holds one branch and tells of another's newest block. */
function wavering(state: { branch: string; head: number; told: { branch: string; number: number } | null }) {
  const rpc: Rpc = {
    url: 'a node',
    call: (_method, [which], reply) => {
      const { branch, head, told } = state
      if (which === 'latest') {
        return Promise.resolve(reply.parse(header(told?.branch ?? branch, told?.number ?? head)))
      }
      const number = Number(which)
      return Promise.resolve(reply.parse(number > head ? null : header(branch, number)))
    },
    batch: () => Promise.reject(new Error('not asked for')),
    close: () => undefined,
  }
  return rpc
}

describe('The chain of a node', () => {
  it('is left as it was when the node tells of a branch that it left again', async () => {
    const state: Parameters<typeof wavering>[0] = { branch: 'aa', head: 4, told: null }
    const canonical = new Canonical(wavering(state))
    const advance = () =>
      canonical.advance(
        () => undefined,
        () => undefined,
      )
    await advance()
    state.head = 5
    await advance()
    // Its newest was on the other branch; what it is asked next is on the first.
    state.told = { branch: 'bb', number: 6 }
    await advance()
    expect(canonical.head()?.hash).toBe(hashOf('aa', 5))
    state.told = null
    state.head = 7
    await advance()
    expect(canonical.head()?.hash).toBe(hashOf('aa', 7))
  })
})
