import { Interface, Transaction } from 'ethers'
import { tokenAbi } from '../../../chain/bindings/token.gen.ts'
import { tradingAbi } from '../../../chain/bindings/trading.gen.ts'
import { decoderOf } from '../../../chain/proxy/facts.ts'
import { createSigner } from '../../../chain/proxy/signing.ts'
import { createTradingCalls } from '../../../chain/proxy/trading-calls.ts'
import type { Chance } from '../chance.ts'
import type { Ask } from './asked.ts'

const hex = (chance: Chance, bytes: number): string =>
  `0x${Array.from({ length: bytes }, () => chance.whole(0, 255).toString(16).padStart(2, '0')).join('')}`
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.slice(2), 'hex'))

/** What is signed is read again by ethers: every field, and who signed it. */
export function askSigning(ask: Ask, chance: Chance): void {
  const signer = createSigner(bytesOf(hex(chance, 32).replace('0x', '0x1').slice(0, 66)))
  const call = {
    ...{ chainId: chance.pick([1, 1337]), nonce: chance.whole(0, 999), to: hex(chance, 20) },
    ...{
      data: bytesOf(hex(chance, chance.whole(0, 40))),
      valueWei: BigInt(chance.whole(0, 99)),
      gas: 21_000,
    },
    ...{ maxFeeWei: BigInt(chance.whole(10, 99)), tipWei: BigInt(chance.whole(1, 9)) },
  }
  const { raw, hash } = signer.sign(call)
  const text = `0x${Buffer.from(raw).toString('hex')}`
  const read = Transaction.from(text)
  ask(
    'signing',
    call,
    () => [hash, read.from?.toLowerCase(), read.type, read.nonce, read.data],
    () => [read.hash, signer.account, 2, call.nonce, `0x${Buffer.from(call.data).toString('hex')}`],
  )
  ask(
    'signing',
    call,
    () => [read.chainId, read.to?.toLowerCase(), read.value, read.gasLimit],
    () => [BigInt(call.chainId), call.to, call.valueWei, 21_000n],
  )
  ask(
    'signing',
    call,
    () => [read.maxFeePerGas, read.maxPriorityFeePerGas],
    () => [call.maxFeeWei, call.tipWei],
  )
}

const AT = { token: `0x${'11'.repeat(20)}`, trading: `0x${'22'.repeat(20)}` }
const PHASES = { commitSeconds: 300, showSeconds: 240, revealSeconds: 120 }
const trading = new Interface(tradingAbi)
const token = new Interface(tokenAbi)
type Calls = ReturnType<typeof createTradingCalls>

/** Each call of the market: its contract, its function and its arguments in their order. */
export function askCalls(ask: Ask, chance: Chance): void {
  const [id, seal, account] = [hex(chance, 32), hex(chance, 32), hex(chance, 20)]
  const salt = bytesOf(hex(chance, 32))
  const amount = BigInt(chance.whole(1, 9_999))
  const lot = { resource: 1, period: chance.whole(1, 9), fromSlot: 3, untilSlot: 7, amount: 500 }
  const { resource, period } = lot
  const offered = [resource, period, 3, 7, 500, 300, 240, 120]
  const made: readonly (readonly [
    string,
    (calls: Calls) => { to: string; data: string; gas: number },
    unknown[],
  ])[] = [
    ['approve', (calls) => calls.approve(amount), [AT.trading, amount]],
    ['deposit', (calls) => calls.deposit(amount), [amount]],
    ['withdraw', (calls) => calls.withdraw(amount), [amount]],
    ['offer', (calls) => calls.offer(amount, lot, seal), [amount, ...offered, seal]],
    ['receiveBid', (calls) => calls.receiveBid(id, seal), [id, seal]],
    ['cancel', (calls) => calls.cancel(id), [id]],
    ['depositMaxPrice', (calls) => calls.depositMaxPrice(id, amount, salt), [id, amount, saltOf(salt)]],
    ['revealBid', (calls) => calls.revealBid(id, amount, salt), [id, amount, saltOf(salt)]],
    ['checkWinner', (calls) => calls.checkWinner(id), [id]],
    ['refundSucceed', (calls) => calls.refund(id, account, true), [id, account]],
    ['refundFail', (calls) => calls.refund(id, account, false), [id, account]],
    ['claimForfeit', (calls) => calls.claimForfeit(id), [id]],
    ['challengeDelivery', (calls) => calls.challengeDelivery(id, 7), [id, 7]],
    ['confirmResourceExchange', (calls) => calls.confirmResourceExchange(id), [id]],
    ['buy', (calls) => calls.buyTokens(amount), [amount]],
    ['sell', (calls) => calls.sellTokens(amount, 5n), [amount, 5n]],
  ]
  const [name, make, values] = chance.pick(made)
  const ofToken = ['approve', 'buy', 'sell'].includes(name)
  const { to, data, gas } = make(createTradingCalls(AT, PHASES))
  const read = (ofToken ? token : trading).parseTransaction({ data })
  const flat = (each: unknown): unknown[] =>
    Array.isArray(each) ? Array.from(each, (one: unknown) => one) : [each]
  const said = flat(Array.from(read?.args ?? [])).flatMap(flat)
  const plain = (of: readonly unknown[]): string[] => of.map((each) => String(BigInt(String(each))))
  ask(
    'market calls',
    name,
    () => [to, read?.name, plain(said), gas >= 100_000],
    () => [ofToken ? AT.token : AT.trading, name, plain(values), true],
  )
}

const saltOf = (salt: Uint8Array): string => `0x${Buffer.from(salt).toString('hex')}`

/** An event of the market, from the log to the named fact. */
export function askFacts(ask: Ask, chance: Chance): void {
  const [id, buyer] = [hex(chance, 32), hex(chance, 20)]
  const abi = [
    {
      type: 'event',
      name: 'Seen',
      inputs: [
        { name: 'id', type: 'bytes32', indexed: true },
        { name: 'who', type: 'address', indexed: false },
        { name: 'small', type: 'uint32', indexed: false },
        { name: 'large', type: 'uint256', indexed: false },
        { name: 'all', type: 'uint8[]', indexed: false },
        { name: 'is', type: 'bool', indexed: false },
      ],
    },
  ] as const
  const values = [chance.whole(0, 9), BigInt(chance.whole(0, 9)), [1, 2], chance.hits(500_000)] as const
  const { data, topics } = new Interface(abi).encodeEventLog('Seen', [id, buyer, ...values])
  const place = { address: AT.trading, logIndex: 3, transactionHash: '0x7', timestampMs: 5 }
  const log = { ...place, data, topics, block: { number: 4, hash: '0x4' } }
  const strange = { ...log, topics: [hex(chance, 32)] }
  const decoder = decoderOf(abi)
  ask(
    'facts',
    values,
    () => decoder.decodeAll([strange, log]),
    () => {
      const [small, large, all, is] = values
      const args = { id, who: buyer, small, large, all, is }
      const rest = { address: AT.trading, block: 4, blockHash: '0x4', timestampMs: 5 }
      return [{ name: 'Seen', args, ...rest, transactionHash: '0x7', logIndex: 3 }]
    },
  )
  ask(
    'facts',
    'topics',
    () => decoder.topicOf('Seen'),
    () => topics[0],
  )
}
