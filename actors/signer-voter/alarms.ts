import { Fault } from '../../protocols/rules/fault.ts'

/*
 * What a voter or the desk of finality tells its gateway, each with what to do about it. None of them undoes
 * what is final.
 */

/** `signer-locked`: the signer stands by a block that its node has left. */
export function signerLocked(signer: string, number: number): Fault {
  const message =
    `signer ${signer}: its node left block ${number}, which it voted for; it seals no more. It goes on ` +
    'by itself when the node is back or the other branch is final; if not, vote a new signer in its place'
  return new Fault('signer-locked', message, { signer, number })
}

/** `signer-equivocates`: a signer said two things that exclude each other. */
export function signerEquivocates(signer: string): Fault {
  const message =
    `signer ${signer}: signed two blocks that exclude each other: it lies, or its key runs twice. ` +
    `On each of the others: meterhood chain vote drop ${signer}`
  return new Fault('signer-equivocates', message, { signer })
}

/** `signer-cloned`: the same, by the signer beside this gateway: its key is used elsewhere. */
export function signerCloned(signer: string): Fault {
  const message =
    `signer ${signer}: its key signs elsewhere, too. Stop every node that has it, make a new signer, ` +
    'and let the others vote: meterhood chain vote'
  return new Fault('signer-cloned', message, { signer })
}

/** `chain-astray`: the signers made final what this gateway's node does not have. */
export function chainAstray(number: number, hash: string): Fault {
  const message =
    `the signers made a block ${number} final that this gateway's node does not have; nothing more is ` +
    'final here until it has. If that lasts the node is cut off: meterhood chain peers'
  return new Fault('chain-astray', message, { number, hash })
}

/** `final-left`: the node went back behind a final block, or to another branch. */
export function finalLeft(number: number, hash: string): Fault {
  const message =
    `this gateway's node left block ${number}, which is final: it lost blocks in a crash, or was led ` +
    'astray. Nothing is acted on until it is back: see meterhood chain status'
  return new Fault('chain-rewound', message, { number, hash })
}

/** `chain-stalled`: the node answers, and no block comes. */
export function chainStalled(missing: readonly string[]): Fault {
  const who = missing.length === 0 ? '' : ` Not heard of: ${missing.join(', ')}.`
  const message =
    `no block came for five periods.${who} Start the signers that are away. If all run, they go on ` +
    'by themselves within a minute or two'
  return new Fault('chain-stalled', message, { missing: missing.join(' ') })
}
