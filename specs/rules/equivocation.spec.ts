import { describe, expect, it } from 'vitest'
import { createSealWitness } from '../../protocols/rules/equivocation.ts'

const sealed = (number: number, sealer: string, hash = `${number} by ${sealer}`) => ({ number, hash, sealer })

describe('a witness of seals', () => {
  it('tells of a second block that a signer sealed at one height', () => {
    const witness = createSealWitness()
    expect(witness.see(sealed(5, 'a'))).toBeNull()
    expect(witness.see(sealed(5, 'a', 'fork'))).toEqual(sealed(5, 'a'))
    expect(witness.see(sealed(6, 'a'))).toBeNull()
  })

  it('tells of nothing when two signers seal a height, or when a block is seen again', () => {
    const witness = createSealWitness()
    witness.see(sealed(5, 'a'))
    expect(witness.see(sealed(5, 'b'))).toBeNull()
    expect(witness.see(sealed(5, 'a'))).toBeNull()
    expect(witness.see(sealed(5, 'a', 'fork'))).not.toBeNull()
    expect(witness.see(sealed(5, 'a', 'fork'))).toBeNull()
    expect(witness.see(sealed(5, 'b', 'fork of b'))).toEqual(sealed(5, 'b'))
  })

  it('remembers 1,024 heights', () => {
    const witness = createSealWitness()
    for (let number = 1; number <= 1_024; number += 1) witness.see(sealed(number, 'a'))
    expect(witness.see(sealed(1, 'a', 'fork'))).toEqual(sealed(1, 'a'))
    witness.see(sealed(1_025, 'a'))
    expect(witness.see(sealed(2, 'a', 'fork'))).toEqual(sealed(2, 'a'))
    expect(witness.see(sealed(1, 'a', 'another fork'))).toBeNull()
  })
})
