import type { AnyStateMachine } from 'xstate'
import { caringMachine } from '../../../actors/caring/machine.ts'
import { communityGatewayMachine } from '../../../actors/community-gateway/machine.ts'
import { determinationMachine } from '../../../actors/auction/determination/machine.ts'
import { negotiationMachine } from '../../../actors/auction/negotiation/machine.ts'
import { paymentMachine } from '../../../actors/auction/payment/machine.ts'
import { intentMachine } from '../../../actors/contract-proxy/intent-machine.ts'
import { delegationMachine } from '../../../actors/delegation/machine.ts'
import { smartGatewayMachine } from '../../../actors/smart-gateway/machine.ts'

const MACHINES: readonly AnyStateMachine[] = [
  caringMachine,
  communityGatewayMachine,
  delegationMachine,
  determinationMachine,
  intentMachine,
  negotiationMachine,
  paymentMachine,
  smartGatewayMachine,
]

let done = false

/**
 * XState makes an actor, with the machine's first state, for every pure step, and never looks at it: half of
 * what a step costs. Here that state is made once. Steps themselves are as they were.
 */
export function makeStepsQuick(): void {
  if (done) return
  done = true
  for (const machine of MACHINES) {
    const make = machine.getInitialSnapshot.bind(machine)
    let kept: ReturnType<typeof make> | undefined
    const getInitialSnapshot: typeof make = (scope, input) => {
      if (input !== undefined) return make(scope, input)
      kept ??= make(scope, {})
      return kept
    }
    Object.assign(machine, { getInitialSnapshot })
  }
}
