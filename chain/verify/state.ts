import { AbiCoder, keccak256 } from 'ethers'
import { sameCode } from '../bindings/code.ts'
import {
  commitmentMonitoringDeployedCode,
  commitmentMonitoringImmutables,
} from '../bindings/commitment-monitoring.gen.ts'
import { quotaDeployedCode, quotaImmutables } from '../bindings/quota.gen.ts'
import {
  storageMonitoringDeployedCode,
  storageMonitoringImmutables,
} from '../bindings/storage-monitoring.gen.ts'
import { tokenDeployedCode, tokenImmutables } from '../bindings/token.gen.ts'
import { tradingDeployedCode, tradingImmutables } from '../bindings/trading.gen.ts'
import { answerDue, monitoringInterface, quotaInterface } from './events.ts'
import { bytesOf, hexOf, keccakHex } from './encode.ts'
import { marketQuestions } from './market-state.ts'
import { quotaIn } from './quotas.ts'
import type { ContractAddresses } from './replay.ts'
import type { FaultCode, Findings } from './report.ts'
import { cannotRead, type RpcReader } from './rpc.ts'
import { accountIsIn } from './trie.ts'
import type { HomeTrail, Trail } from './trail.ts'
import { readAccountProof, readData, type WireHeader } from './wire.ts'

/** Records of the ring asked for in all; beyond it only the newest of each home are (documented). */
const RING_CALLS_MAX = 20_000

/** One question to a contract, with the answer that its own history leads to. */
export interface Question {
  readonly to: string
  readonly data: string
  readonly due: string
  readonly code: FaultCode
  readonly home: string | null
  readonly slot: number | null
  readonly field: string
}

/**
 * Asks the contracts at `head` for what they keep (the ring of each home, counts, anchors, void slots,
 * members, totals, quotas, credits, balances, locks) and compares it with what their events amount to; then
 * proves the accounts against the head's state root.
 */
export async function checkState(
  rpc: RpcReader,
  head: WireHeader,
  addresses: ContractAddresses,
  trail: Trail,
  findings: Findings,
): Promise<void> {
  const length = await settingOf(rpc, addresses.monitoring, 'length', head)
  const questions = questionsOf(trail, addresses, length)
  const tag = `0x${head.number.toString(16)}`
  const answers = await rpc.all(
    questions.map(({ to, data }) => ({ method: 'eth_call', params: [{ to, data }, tag] })),
  )
  for (const [index, question] of questions.entries()) {
    if (readData(answers[index]) === question.due) continue
    const { code, home, slot, field } = question
    const whose = home === null ? '' : ` for ${home}`
    const says = `the contract answers another ${field} than its own events say${whose}`
    findings.faults.push({ code, home, slot, field, says })
  }
  for (const name of ['monitoring', 'quota', 'token', 'trading'] as const) {
    await checkAccount(rpc, head, name, addresses[name], findings)
  }
}

/** A setting of the monitoring contract, by its getter. */
export async function settingOf(
  rpc: RpcReader,
  monitoring: string,
  name: 'length' | 'slotsPerBilling',
  head: WireHeader | null,
): Promise<number> {
  const data = monitoringInterface.encodeFunctionData(name)
  const tag = head === null ? 'latest' : `0x${head.number.toString(16)}`
  const answer = readData(await rpc.call('eth_call', [{ to: monitoring, data }, tag]))
  if (answer.length !== 66 || BigInt(answer) === 0n || BigInt(answer) > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw cannotRead(`no resource monitoring contract answers at ${monitoring}`, 'give the right --contracts')
  }
  return Number(BigInt(answer))
}

/** The account must be in the state of the head, and its code must be what this version compiles. */
async function checkAccount(
  rpc: RpcReader,
  head: WireHeader,
  name: keyof ContractAddresses,
  address: string,
  findings: Findings,
): Promise<void> {
  const tag = `0x${head.number.toString(16)}`
  const [served, answer] = await rpc.all([
    { method: 'eth_getProof', params: [address, [], tag] },
    { method: 'eth_getCode', params: [address, tag] },
  ])
  const proof = readAccountProof(served)
  const code = readData(answer)
  if (!(await accountIsIn(head.stateRoot, address, proof))) {
    const says = `the ${name} contract served is not the one in the state of block ${head.number}`
    findings.chain('state-root', `${name} at block ${head.number}`, says)
  }
  if (keccakHex(bytesOf(code)) !== proof.codeHash || !isCompiled(name, code)) {
    const says = `the ${name} contract at ${address} is not made of the code that this version compiles`
    findings.chain('contract-code', `code of ${name}`, says)
  }
}

function isCompiled(name: keyof ContractAddresses, code: string): boolean {
  if (name === 'quota') return sameCode(code, quotaDeployedCode, quotaImmutables)
  if (name === 'token') return sameCode(code, tokenDeployedCode, tokenImmutables)
  if (name === 'trading') return sameCode(code, tradingDeployedCode, tradingImmutables)
  return (
    sameCode(code, commitmentMonitoringDeployedCode, commitmentMonitoringImmutables) ||
    sameCode(code, storageMonitoringDeployedCode, storageMonitoringImmutables)
  )
}

function questionsOf(trail: Trail, addresses: ContractAddresses, length: number): Question[] {
  const homes = [...trail.homes.values()]
  const share = Math.max(1, Math.floor(RING_CALLS_MAX / Math.max(1, homes.length)))
  const asked = homes.flatMap((home) => [
    ...homeQuestions(home, addresses.monitoring),
    ...ringQuestions(home, addresses.monitoring, Math.min(length, share)),
  ])
  return [
    ...asked,
    ...communityQuestions(trail, addresses),
    ...quotaQuestions(trail, addresses.quota),
    ...marketQuestions(trail, addresses),
    ...delegationQuestions(trail, addresses.monitoring),
  ]
}

const ask = (to: string, name: string, values: readonly unknown[], due: readonly unknown[]) => {
  const known = monitoringInterface.getFunction(name) === null ? quotaInterface : monitoringInterface
  const data = known.encodeFunctionData(name, values)
  return { to, data, due: answerDue(known, name, due) }
}

function homeQuestions({ home, admitted, records, anchors, voided }: HomeTrail, to: string): Question[] {
  const place = { code: 'state-differs', home, slot: null } as const
  const newest = records.at(-1)
  return [
    { ...ask(to, 'isAdmitted', [home], [admitted]), ...place, field: 'isAdmitted' },
    { ...ask(to, 'count', [home], [records.length]), ...place, field: 'count' },
    ...(newest === undefined ? [] : [newest]).map(({ slot, sequence, digest }): Question => {
      return { ...ask(to, 'newest', [home], [slot, sequence, digest]), ...place, slot, field: 'newest' }
    }),
    ...anchors.map(({ period, record, nextPeriod }): Question => {
      const due = [record.digest, record.slot, nextPeriod]
      const field = `anchor of period ${period}`
      return { ...ask(to, 'anchor', [home, period], due), ...place, code: 'anchor', slot: record.slot, field }
    }),
    ...[...voided].map((slot): Question => {
      return { ...ask(to, 'isVoid', [home, slot], [true]), ...place, slot, field: 'isVoid' }
    }),
  ]
}

function ringQuestions({ home, records }: HomeTrail, to: string, length: number): Question[] {
  const newestFirst = records.slice(-length).reverse()
  return newestFirst.map(({ slot, digest }, index) => {
    return { ...ask(to, 'at', [home, index], [digest]), code: 'digest', home, slot, field: 'digest' }
  })
}

function communityQuestions(trail: Trail, { monitoring: to }: ContractAddresses): Question[] {
  const place = { code: 'state-differs', home: null, slot: null } as const
  const community = trail.community ?? `0x${'0'.repeat(40)}`
  return [
    { ...ask(to, 'community', [], [community]), ...place, field: 'community' },
    ...[...trail.totals].map(([period, { homes, totals, blindings }]): Question => {
      const types = ['address[]', 'uint64[3]', 'uint256[3]']
      const digest = keccak256(AbiCoder.defaultAbiCoder().encode(types, [homes, totals, blindings]))
      const field = `totalDigest of period ${period}`
      return { ...ask(to, 'totalDigest', [period], [digest]), ...place, code: 'total', field }
    }),
  ]
}

function quotaQuestions(trail: Trail, to: string): Question[] {
  const place = { code: 'quota', slot: null } as const
  const divisions = [...trail.revisions].map(([number, { fromPeriod, contracted, closed }]): Question => {
    const asked = ask(to, 'communityContract', [number], [fromPeriod, ...contracted, closed])
    return { ...asked, ...place, home: null, field: `community contract, revision ${number}` }
  })
  const last = [...trail.revisions.values()].filter(({ closed }) => closed).at(-1)
  if (last === undefined) return divisions
  const period = last.fromPeriod
  const parts = [...last.parts.keys()].map((home): Question => {
    const asked = ask(to, 'quotaOf', [home, period], quotaIn(trail, home, period))
    return { ...asked, ...place, home, field: `quota of period ${period}` }
  })
  return [...divisions, ...parts]
}

const REWARD_STATES = ['escrowed', 'claimed', 'closed'] as const

function delegationQuestions(trail: Trail, to: string): Question[] {
  const place = { code: 'state-differs', slot: null } as const
  return [...trail.delegations.values()].flatMap((each): Question[] => {
    const { id, delegator, delegatee, functions, fromSlot, untilSlot, slots, held, keys } = each
    const state = REWARD_STATES.indexOf(each.state)
    const kept = [delegator, fromSlot, slots, functions, state, delegatee, held, untilSlot - fromSlot]
    const about = { ...place, home: delegator }
    return [
      { ...ask(to, 'delegationOf', [id], [kept]), ...about, field: `delegation ${id}` },
      ...[...keys].map(([epoch, { keyId, fromSlot: from }]): Question => {
        const field = `key of delegation ${id} in epoch ${epoch}`
        return { ...ask(to, 'delegationKey', [id, epoch], [keyId, from]), ...about, field }
      }),
    ]
  })
}

/** The payloads that the `storage` profile keeps in the contract itself, compared byte by byte. */
export async function checkStoredPayloads(
  rpc: RpcReader,
  head: WireHeader,
  monitoring: string,
  trail: Trail,
  findings: Findings,
): Promise<void> {
  const length = await settingOf(rpc, monitoring, 'length', head)
  const tag = `0x${head.number.toString(16)}`
  for (const { home, records } of trail.homes.values()) {
    const newestFirst = records.slice(-Math.min(length, RING_CALLS_MAX / trail.homes.size)).reverse()
    const answers = await rpc.all(
      newestFirst.map((_, index) => {
        const data = monitoringInterface.encodeFunctionData('essentialAt', [home, index])
        return { method: 'eth_call', params: [{ to: monitoring, data }, tag] }
      }),
    )
    for (const [index, { slot, payload }] of newestFirst.entries()) {
      const kept = readData(answers[index])
      const due = monitoringInterface.encodeFunctionResult('essentialAt', [hexOf(payload)])
      if (kept === due || kept === EMPTY_BYTES) continue
      const says = `the contract stores another payload than ${home} submitted for slot ${slot}`
      findings.home('digest', home, slot, 'essentialAt', says)
    }
  }
}

/** What the `commitment` profile answers: no payload is stored. */
const EMPTY_BYTES = AbiCoder.defaultAbiCoder().encode(['bytes'], ['0x'])
