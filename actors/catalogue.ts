import { archiveMachine } from './archive/machine.ts'
import { determinationMachine } from './auction/determination/machine.ts'
import { negotiationMachine } from './auction/negotiation/machine.ts'
import { paymentMachine } from './auction/payment/machine.ts'
import { boardLinkMachine } from './board-link/machine.ts'
import { caringMachine } from './caring/machine.ts'
import { communityGatewayMachine } from './community-gateway/machine.ts'
import { priceFeedMachine } from './community-gateway/price-feed/machine.ts'
import { intentMachine } from './contract-proxy/intent-machine.ts'
import { contractProxyMachine } from './contract-proxy/machine.ts'
import { delegationMachine } from './delegation/machine.ts'
import { powerControlMachine } from './power-control/machine.ts'
import { signerVoterMachine } from './signer-voter/machine.ts'
import { smartGatewayMachine } from './smart-gateway/machine.ts'

/** Every pure machine by the name of its folder, for drawings, the state-chart viewer and the specs. */
export const catalogue = {
  'smart-gateway': smartGatewayMachine,
  'community-gateway': communityGatewayMachine,
  'price-feed': priceFeedMachine,
  'board-link': boardLinkMachine,
  'power-control': powerControlMachine,
  'contract-proxy': contractProxyMachine,
  intent: intentMachine,
  determination: determinationMachine,
  negotiation: negotiationMachine,
  payment: paymentMachine,
  delegation: delegationMachine,
  caring: caringMachine,
  archive: archiveMachine,
  'signer-voter': signerVoterMachine,
} as const

export type MachineName = keyof typeof catalogue
