import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { enodeOf, parseNetwork, type NodeCard } from '../../../chain/network/geth/community-network.ts'
import { configToml, dialledPeers, gethFlags, type NodeFlags } from '../../../chain/network/geth/flags.ts'
import { cliqueGenesis, signersIn, type GenesisTerms } from '../../../chain/network/geth/genesis.ts'
import { signerLimit } from '../../../chain/network/geth/clique.ts'
import { requireSense } from '../../../chain/network/geth/votes.ts'
import { codeOf } from '../../../protocols/rules/fault.ts'

const address = (byte: number): string => `0x${byte.toString(16).padStart(2, '0').repeat(20)}`

const TERMS: GenesisTerms = {
  chainId: 4711,
  periodS: 10,
  gasLimit: 8_000_000,
  signers: [address(3), address(1), address(2)],
  funded: [address(9)],
  timestampS: 1_800_000_000,
  vanity: new Uint8Array(32).fill(7),
}

const card = (number: number, signs: boolean): NodeCard => ({
  name: `node-${number}`,
  host: `192.168.1.${10 + number}`,
  port: 30_303,
  key: number.toString(16).padStart(2, '0').repeat(64),
  signer: signs ? address(number) : null,
})
const CARDS = [card(1, true), card(2, true), card(3, true), card(4, false)]

function faultOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (thrown) {
    return codeOf(thrown)
  }
}

describe('the first block', () => {
  it('has the values of table 1, and London without a base fee', () => {
    const genesis = cliqueGenesis(TERMS)
    expect(genesis.config).toMatchObject({
      chainId: 4711,
      eip150Block: 0,
      eip155Block: 0,
      eip158Block: 0,
      londonBlock: 0,
      clique: { period: 10, epoch: 30_000 },
    })
    expect(genesis).toMatchObject({ difficulty: '0x1', baseFeePerGas: '0x0', gasLimit: '0x7a1200' })
    expect(genesis.config).not.toHaveProperty('terminalTotalDifficulty')
    // 32 bytes of vanity, three signers in rising order, and the 65 bytes where a block has its seal.
    expect(genesis.extraData).toBe(
      `0x${'07'.repeat(32)}${'01'.repeat(20)}${'02'.repeat(20)}${'03'.repeat(20)}${'00'.repeat(65)}`,
    )
    expect(genesis.alloc).toEqual({ [address(9)]: { balance: '0xd3c21bcecceda1000000' } })
    expect(signerLimit(3)).toBe(2)
  })

  it('lists any signers once, in rising order, and gives them back', () => {
    const distinct = fc.uniqueArray(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 25 })
    fc.assert(
      fc.property(distinct, (bytes) => {
        const signers = bytes.map(address)
        expect(signersIn(cliqueGenesis({ ...TERMS, signers }))).toEqual([...signers].sort())
      }),
    )
  })

  it.each([
    ['no signer', { signers: [] }],
    ['a signer twice', { signers: [address(1), address(1).toUpperCase().replace('0X', '0x')] }],
    ['a period of no time', { periodS: 0 }],
    ['a period of half a second', { periodS: 0.5 }],
    ['a chain without a number', { chainId: 0 }],
    ['31 bytes of vanity', { vanity: new Uint8Array(31) }],
  ])('is refused with %s', (_, wrong) => {
    expect(faultOf(() => cliqueGenesis({ ...TERMS, ...wrong }))).toBe('bad-field')
  })
})

describe('the network of a community', () => {
  const text = (members: readonly NodeCard[]): string =>
    JSON.stringify({ version: 1, genesis: cliqueGenesis(TERMS), members })

  it('is read back as it was written', () => {
    expect(parseNetwork(text(CARDS), 'network.json').members).toEqual(CARDS)
  })

  it('has no two members of one name, key or account: that would be one node running twice', () => {
    const twins = [{ name: 'node-1' }, { key: CARDS[0]?.key ?? '' }, { signer: address(1) }]
    for (const twin of twins) {
      const members = [...CARDS.slice(0, 3), { ...card(4, false), ...twin }]
      expect(faultOf(() => parseNetwork(text(members), 'network.json'))).toBe('bad-network')
    }
  })

  it('refuses a member by a name that a name server could turn elsewhere, naming the field', () => {
    const members = [{ ...card(1, true), host: 'pi-1.local' }]
    expect(() => parseNetwork(text(members), 'network.json')).toThrow(/network\.json members\.0\.host/)
  })
})

describe('how Geth is run', () => {
  const flags = (own: NodeCard): NodeFlags => ({
    folder: '/n',
    configFile: '/n/config.toml',
    nodeKeyFile: '/n/nodekey',
    passwordFile: '/n/password',
    ipcPath: '/n/geth.ipc',
    networkId: 4711,
    gasLimit: 8_000_000,
    periodS: 10,
    card: own,
    rpcPort: 8545,
    verbosity: 3,
  })

  it('never serves RPC from a node with an unlocked key, though a port was named', () => {
    const given = gethFlags(flags(card(1, true)))
    expect(given).toContain('--unlock')
    expect(given.filter((flag) => /^--(http|ws|graphql)/.test(flag))).toEqual([])
    expect(given).not.toContain('--allow-insecure-unlock')
  })

  it('serves RPC on the loopback from a node that follows, and only what a gateway needs', () => {
    const given = gethFlags(flags(card(4, false)))
    const valueOf = (flag: string): string | undefined => given[given.indexOf(flag) + 1]
    expect([valueOf('--http.addr'), valueOf('--ws.addr')]).toEqual(['127.0.0.1', '127.0.0.1'])
    expect([valueOf('--http.api'), valueOf('--ws.api')]).toEqual([
      'eth,net,web3,clique',
      'eth,net,web3,clique',
    ])
    expect(given.filter((flag) => /^--(mine|unlock|password|miner)/.test(flag))).toEqual([])
  })

  it('keeps every state on disk and the names behind them, takes 1 wei, and finds nobody by itself', () => {
    const line = gethFlags(flags(card(1, true))).join(' ')
    for (const part of [
      '--gcmode archive',
      '--cache.preimages',
      '--history.transactions 0',
      '--txpool.pricelimit 1',
      '--miner.gasprice 1',
      '--miner.gaslimit 8000000',
      '--nodiscover',
    ]) {
      expect(line).toContain(part)
    }
  })

  it('lets in every other member by its key and from its address, and nobody else', () => {
    const toml = configToml(card(1, true), CARDS)
    const others = CARDS.slice(1).map((each) => `"${enodeOf(each)}"`)
    expect(toml).toContain(`StaticNodes = [${others.join(', ')}]`)
    expect(toml).toContain(`TrustedNodes = [${others.join(', ')}]`)
    expect(toml).toContain('NetRestrict = ["192.168.1.12/32", "192.168.1.13/32", "192.168.1.14/32"]')
    expect(toml).toContain('ListenAddr = "192.168.1.11:30303"')
    expect(toml).toContain('MaxPeers = 2\nDialRatio = 1\n')
  })

  it('dials so many members that no two groups of any network stay apart', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), (members) => {
        // A group where each has as many neighbours is one larger; two of them are more than all.
        expect(2 * (dialledPeers(members) + 1)).toBeGreaterThan(members)
      }),
    )
  })
})

describe('a vote', () => {
  const three = [address(1), address(2), address(3)]

  it('is not cast where it says nothing, or would leave two signers', () => {
    const refused = (add: boolean, whom: string) => faultOf(() => requireSense({ address: whom, add }, three))
    expect(refused(true, address(4))).toBe('none')
    expect(refused(true, address(1))).toBe('vote-moot')
    expect(refused(false, address(4))).toBe('vote-moot')
    expect(refused(false, address(1))).toBe('too-few-signers')
    expect(refused(true, '0x12')).toBe('bad-field')
    expect(faultOf(() => requireSense({ address: address(1), add: false }, [...three, address(4)]))).toBe(
      'none',
    )
  })
})
