import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { LAB_SETTINGS } from '../../../bench/contract-lab.ts'
import { accessManagerAbi } from '../../../chain/bindings/access-manager.gen.ts'
import { attachCommunity, deployCommunity, ROLES, type DeployOptions } from '../../../chain/deploy.ts'
import { contractsSchema } from '../../../chain/contracts-file.ts'
import type { EmbeddedChain } from '../../../chain/network/embedded.ts'
import { startEmbeddedChain } from '../../../chain/network/embedded.ts'
import { rpcCall } from '../../../chain/network/rpc.ts'
import { systemRandom, wallClock } from '../../../bin/clock.ts'

let chain: EmbeddedChain
let folder: string
const fresh = () =>
  startEmbeddedChain({ blockTimeS: 0.2, saveEveryS: 0, clock: wallClock, random: systemRandom })
const options = (file?: string): DeployOptions => ({
  ...LAB_SETTINGS,
  rpc: chain.rpc,
  managerKey: chain.accounts[0]?.privateKey ?? '',
  ...(file === undefined ? {} : { file }),
})

beforeAll(async () => {
  chain = await fresh()
  folder = mkdtempSync(join(tmpdir(), 'deploy-'))
})

afterAll(async () => {
  rmSync(folder, { recursive: true })
  await chain.stop()
})

it('deploys both profiles, writes where they are, and attaches the next time', async () => {
  for (const profile of ['commitment', 'storage'] as const) {
    const file = join(folder, `${profile}.json`)
    const made = await deployCommunity({ ...options(file), profile })
    expect(contractsSchema.parse(JSON.parse(readFileSync(file, 'utf8')))).toEqual(made)
    expect(made).toMatchObject({ profile, chainId: 31337, genesisHash: chain.genesisHash, L: LAB_SETTINGS.L })
    const before = await rpcCall(chain.rpc, 'eth_getTransactionCount', [chain.accounts[0]?.address, 'latest'])
    expect(await deployCommunity({ ...options(file), profile })).toEqual(made)
    const after = await rpcCall(chain.rpc, 'eth_getTransactionCount', [chain.accounts[0]?.address, 'latest'])
    expect(after).toBe(before)
  }
})

it('makes the deployer administrator, manager and oracle', async () => {
  const { access } = await deployCommunity(options())
  const contract = new Interface(accessManagerAbi)
  for (const [role, expected] of [
    [0n, true],
    [ROLES.manager, true],
    [ROLES.oracle, true],
    [7n, false],
  ] as const) {
    const data = contract.encodeFunctionData('hasRole', [role, chain.accounts[0]?.address])
    const answer = await rpcCall(chain.rpc, 'eth_call', [{ to: access, data }, 'latest'])
    expect(contract.decodeFunctionResult('hasRole', String(answer))[0]).toBe(expected)
  }
})

it('refuses contracts of another chain with foreign-chain, and other code with foreign-code', async () => {
  const contracts = await deployCommunity(options())
  const other = await fresh()
  try {
    await expect(attachCommunity(other.rpc, contracts)).rejects.toMatchObject({ code: 'foreign-chain' })
    const swapped = { ...contracts, monitoring: contracts.quota }
    await expect(attachCommunity(chain.rpc, swapped)).rejects.toMatchObject({ code: 'foreign-code' })
    const nowhere = { ...contracts, quota: `0x${'12'.repeat(20)}` }
    await expect(attachCommunity(chain.rpc, nowhere)).rejects.toThrow('no code')
  } finally {
    await other.stop()
  }
})

it('refuses other settings with settings-differ, and an unreadable file with bad-contracts', async () => {
  const file = join(folder, 'settings.json')
  await deployCommunity(options(file))
  const changed = { ...options(file), L: LAB_SETTINGS.L + 1 }
  await expect(deployCommunity(changed)).rejects.toMatchObject({
    code: 'settings-differ',
    facts: { name: 'L' },
  })
  writeFileSync(file, '{"chainId": "x"}')
  await expect(deployCommunity(options(file))).rejects.toMatchObject({ code: 'bad-contracts' })
})

it('says in one line why a deployment failed', async () => {
  const poor = { ...options(), managerKey: `0x${'77'.repeat(32)}` }
  await expect(deployCommunity(poor)).rejects.toMatchObject({ code: 'deploy-failed' })
})
