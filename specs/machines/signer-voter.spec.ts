import { expect, it, describe } from 'vitest'
import { initialTransition, transition } from 'xstate'
import { signerVoterMachine, type VoterEvent } from '../../actors/signer-voter/machine.ts'

const block = (number: number, branch = 'a') => ({ number, hash: `${branch}${number}` })
const seen = (next: number | null, holds = true): VoterEvent => ({
  type: 'CHAIN_SEEN',
  holds,
  next: next === null ? null : block(next),
})

/** A voter that was told these things; what it did is `done`, in order. */
function voter(...events: VoterEvent[]) {
  const [first] = initialTransition(signerVoterMachine)
  let snapshot = first
  const done: string[] = []
  const tell = (event: VoterEvent): void => {
    const [next, actions] = transition(signerVoterMachine, snapshot, event)
    snapshot = next
    done.push(
      ...actions.map(({ type, params }) => `${type}${params === undefined ? '' : JSON.stringify(params)}`),
    )
  }
  events.forEach(tell)
  return {
    tell,
    done,
    is: (state: string) => JSON.stringify(snapshot.value).includes(`"${state}"`),
    now: () => snapshot.context,
  }
}

const cast = (number: number): VoterEvent => ({ type: 'VOTE_CAST', number })

describe('The voter of a signer', () => {
  it('votes for the next block, and for no second one before the first is cast', () => {
    const { is, done, tell } = voter(seen(7), seen(8))
    expect(is('voting')).toBe(true)
    expect(done).toEqual(['castVote{"number":7,"hash":"a7"}'])
    tell(cast(7))
    tell(seen(8))
    expect(done).toEqual(['castVote{"number":7,"hash":"a7"}', 'castVote{"number":8,"hash":"a8"}'])
  })

  it('never votes twice at a height, nor below one', () => {
    const { done } = voter(seen(7), cast(7), seen(7), seen(6))
    expect(done).toHaveLength(1)
  })

  it('stops sealing and raises an alarm when its node leaves a block it voted for, and votes no more', () => {
    const { is, done, tell } = voter(seen(7), cast(7), seen(null, false))
    expect(is('locked')).toBe(true)
    expect(done.slice(1)).toEqual(['stopSealing', 'tellLocked'])
    tell(seen(9, false))
    expect(done).toHaveLength(3)
  })

  it('goes on when the node is back', () => {
    const { is, done, tell } = voter(seen(7), cast(7), seen(null, false), seen(null))
    expect(is('following')).toBe(true)
    expect(done.at(-1)).toBe('resumeSealing')
    tell(seen(8))
    expect(done.at(-1)).toContain('castVote')
  })

  it('takes the other branch once a certificate excludes the block it stands by', () => {
    const { is, now, tell, done } = voter(seen(7), cast(7), seen(null, false))
    tell({ type: 'BRANCH_CERTIFIED', block: block(8, 'b') })
    expect(is('following')).toBe(true)
    expect(now().standsBy).toEqual(block(8, 'b'))
    tell(seen(7))
    expect(done.filter((each) => each.startsWith('castVote'))).toHaveLength(1)
  })

  it('is not let out by a final block below, which both branches may hold', () => {
    const { is, tell } = voter(seen(7), cast(7), seen(null, false))
    tell({ type: 'BRANCH_CERTIFIED', block: block(6, 'b') })
    expect(is('locked')).toBe(true)
  })

  it('goes on from the archived block of a chain begun anew, and votes at no height twice', () => {
    const { is, now, tell, done } = voter(seen(7), cast(7), seen(null, false))
    tell({ type: 'BEGUN_ANEW', from: block(5) })
    expect(is('following')).toBe(true)
    expect(done.at(-1)).toBe('resumeSealing')
    expect(now()).toMatchObject({ standsBy: block(5), highest: 7, begunFrom: 'a5' })
    tell(seen(7))
    tell(seen(8))
    expect(done.filter((each) => each.startsWith('castVote'))).toEqual([
      'castVote{"number":7,"hash":"a7"}',
      'castVote{"number":8,"hash":"a8"}',
    ])
  })

  it('votes for no block of an archive, whose signature says what is final', () => {
    const { now, tell, done } = voter(seen(7), cast(7), { type: 'BEGUN_ANEW', from: block(20) })
    expect(now()).toMatchObject({ standsBy: block(20), highest: 20 })
    tell(seen(8))
    expect(done).toHaveLength(1)
  })

  it('keeps evidence of each signer once, and votes on', () => {
    const { is, done, now, tell } = voter({ type: 'EQUIVOCATION_SEEN', signer: '0x1' })
    tell({ type: 'EQUIVOCATION_SEEN', signer: '0x1' })
    tell({ type: 'EQUIVOCATION_SEEN', signer: '0x2' })
    tell(seen(3))
    expect(is('evidence') && is('voting')).toBe(true)
    expect(now().evidence).toEqual(['0x1', '0x2'])
    expect(done).toEqual([
      'tellEquivocation{"signer":"0x1"}',
      'tellEquivocation{"signer":"0x2"}',
      'castVote{"number":3,"hash":"a3"}',
    ])
  })
})
