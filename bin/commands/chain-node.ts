import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { backUp } from '../../chain/network/geth/backup.ts'
import { signersOf, signersState, type SignersState } from '../../chain/network/geth/clique.ts'
import { parseCard } from '../../chain/network/geth/community-network.ts'
import { createIpc } from '../../chain/network/geth/ipc.ts'
import { nodesUnder, type NodeFolder } from '../../chain/network/geth/node-folder.ts'
import { peersOf, shutOut, withMember, withoutMember } from '../../chain/network/geth/peers.ts'
import { statusOf, type NodeStatus } from '../../chain/network/geth/status.ts'
import { castVote, readVotes, requireSense, withdrawVote } from '../../chain/network/geth/votes.ts'
import { badField, Fault } from '../../protocols/rules/fault.ts'
import { wallClock } from '../clock.ts'
import { ending } from './ending.ts'

interface NodeFlags {
  readonly data: string
  readonly json?: true
}

const nodesOf = ({ data }: NodeFlags): NodeFolder[] => nodesUnder(join(resolve(data), 'chain'))

const ipcOf = (node: NodeFolder) => createIpc(node.ipcPath)

/** Prints as JSON, or as the lines that people read. */
function print<T>(value: T, flags: { readonly json?: true }, lines: (value: T) => string[]): void {
  console.log(flags.json === true ? JSON.stringify(value) : lines(value).join('\n'))
}

function signerLines({ blocks, inTurn, signers, spare }: SignersState): string[] {
  const lines = signers.map(({ address, name, sealed, missing }) => {
    const who = `${address} ${name === null ? '(no member)' : name}`
    return `signer     ${who}: sealed ${sealed} of ${blocks} blocks${missing ? ', MISSING' : ''}`
  })
  const more = spare === 0 ? 'no more signer may' : `${spare} more may`
  return [...lines, `in turn    ${inTurn} of ${blocks} blocks; ${more} be away before the chain stops`]
}

function statusLines({ name, running, chainId, periodS, signer, votes }: NodeStatus): string[] {
  const role = signer === null ? 'follows' : `signer ${signer}`
  if (running === null) return [`node       ${name}, ${role}: does not run`]
  const { head, stalled, peers, members, version } = running
  const age = `${head.ageS} s old${stalled ? ', STALLED' : ''}`
  return [
    `node       ${name}, ${role}, ${version}`,
    `chain      ${chainId}, ${periodS} s blocks, block ${head.number}, ${age}`,
    `peers      ${peers} of ${members - 1} members`,
    ...votes.map(({ address, add }) => `vote       ${add ? 'add' : 'drop'} ${address}`),
  ]
}

async function status(flags: NodeFlags): Promise<void> {
  const states = await Promise.all(nodesOf(flags).map((node) => statusOf(node, wallClock)))
  const shown = states.find(({ running }) => running !== null)?.running
  print({ nodes: states }, flags, ({ nodes }) => [
    ...nodes.flatMap(statusLines),
    ...(shown === undefined || shown === null ? [] : signerLines(shown.signers)),
  ])
}

/** The first node of the folder that answers: all of them follow one chain. Fault: `not-running`. */
async function answering(flags: NodeFlags): Promise<NodeFolder> {
  const nodes = nodesOf(flags)
  for (const node of nodes) {
    const answers = await signersOf(ipcOf(node)).catch(() => null)
    if (answers !== null) return node
  }
  const names = nodes.map(({ card }) => card.name).join(', ')
  throw new Fault('not-running', `${names}: no node runs here; start it with "meterhood chain start"`, {
    names,
  })
}

async function signers(flags: NodeFlags): Promise<void> {
  const node = await answering(flags)
  print(await signersState(ipcOf(node), node.network().members), flags, signerLines)
}

/** Nodes of the folder that may vote. Fault: `bad-field` when none seals. */
function voters(flags: NodeFlags): NodeFolder[] {
  const found = nodesOf(flags).filter(({ card }) => card.signer !== null)
  if (found.length === 0)
    throw badField('--data', 'the folder of a signer: followers have no vote', flags.data)
  return found
}

function accountOf(typed: string): string {
  const address = typed.toLowerCase()
  if (/^0x[0-9a-f]{40}$/.test(address)) return address
  throw badField('address', '0x and 40 hex digits', typed)
}

async function vote(add: boolean, typed: string, flags: NodeFlags & { force?: true }): Promise<void> {
  const address = accountOf(typed)
  for (const node of voters(flags)) {
    const ipc = ipcOf(node)
    if (flags.force !== true) requireSense({ address, add }, await signersOf(ipc))
    await castVote(ipc, node.votesFile, { address, add })
  }
  await votes(flags)
}

async function withdraw(typed: string, flags: NodeFlags): Promise<void> {
  const address = accountOf(typed)
  for (const node of voters(flags)) await withdrawVote(ipcOf(node), node.votesFile, address)
  await votes(flags)
}

async function votes(flags: NodeFlags): Promise<void> {
  const open = voters(flags).map((node) => ({ node: node.card.name, votes: readVotes(node.votesFile) }))
  print({ nodes: open }, flags, ({ nodes }) =>
    nodes.flatMap(({ node, votes: own }) => [
      `node       ${node}: ${own.length === 0 ? 'no open vote' : 'waits for enough others to vote the same'}`,
      ...own.map(({ address, add }) => `vote       ${add ? 'add' : 'drop'} ${address}`),
    ]),
  )
}

async function peers(flags: NodeFlags): Promise<void> {
  const node = await answering(flags)
  const states = await peersOf(ipcOf(node), node.card, node.network().members)
  const members = states.map(({ card, self, connected }) => ({ ...card, self, connected }))
  print({ node: node.card.name, members }, flags, (told) =>
    told.members.map(({ name, host, port, signer, self, connected }) => {
      const where = self ? 'this node' : connected === null ? 'not connected' : `connected from ${connected}`
      return `member     ${name}, ${host}:${port}, ${signer === null ? 'follows' : 'signs'}: ${where}`
    }),
  )
}

async function addPeer(file: string, flags: NodeFlags): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw badField('card', 'the node.json of the new member', file)
  })
  const card = parseCard(text, file)
  for (const node of nodesOf(flags)) await node.keepNetwork(withMember(node.network(), card))
  print({ added: card.name }, flags, ({ added }) => [
    `member     ${added} is let in from the next "meterhood chain start" of this node on`,
  ])
}

async function dropPeer(name: string, flags: NodeFlags): Promise<void> {
  for (const node of nodesOf(flags)) {
    const { network, dropped } = withoutMember(node.network(), name)
    await node.keepNetwork(network)
    await shutOut(ipcOf(node), dropped).catch(() => undefined)
  }
  print({ dropped: name }, flags, ({ dropped }) => [
    `member     ${dropped} is shut out; a signer must be voted out, too`,
  ])
}

async function copy(flags: NodeFlags & { to: string; node?: string }): Promise<void> {
  const nodes = nodesOf(flags)
  const node = nodes.find(({ card }) => card.name === flags.node) ?? nodes[0]
  if (node === undefined || (flags.node !== undefined && node.card.name !== flags.node)) {
    throw badField('--node', nodes.map(({ card }) => card.name).join(' or '), flags.node)
  }
  const to = resolve(flags.to)
  const manifest = await backUp(node, ipcOf(node), to)
  const password = `password   is not in it: keep ${node.passwordFile} somewhere else`
  print({ folder: to, ...manifest }, flags, ({ head }) => [
    `copy       ${node.card.name} up to block ${head.number}, in ${to}`,
    ...(node.card.signer === null ? [] : [password]),
  ])
}

const DATA = ['--data <folder>', 'data folder of this gateway', './.meterhood'] as const
const JSON_FLAG = ['--json', 'print JSON'] as const

function asked(parent: Command, name: string, description: string, isDefault = false): Command {
  return parent
    .command(name, { isDefault })
    .description(description)
    .option(...DATA)
    .option(...JSON_FLAG)
}

/** Adds what is asked of a node that runs. */
export function addChainNodeCommands(chain: Command): void {
  asked(chain, 'status', 'how the nodes of this folder stand').action((flags: NodeFlags) =>
    ending('chain status', status(flags)),
  )
  asked(chain, 'signers', 'who seals blocks, and who is missing').action((flags: NodeFlags) =>
    ending('chain signers', signers(flags)),
  )
  asked(chain, 'copy', 'copy keys and blocks of one running node, to set it up on another machine')
    .requiredOption('--to <folder>', 'a new folder')
    .option('--node <name>', 'which of several nodes')
    .action((flags: NodeFlags & { to: string }) => ending('chain copy', copy(flags)))
  addVoteCommands(chain)
  addPeerCommands(chain)
}

function addVoteCommands(chain: Command): void {
  const group = chain.command('vote').description('say who shall seal: more than half of the signers decide')
  const forced = ['--force', 'though it leaves fewer than 3 signers, or changes nothing'] as const
  asked(group, 'add <address>', 'let an account seal')
    .option(...forced)
    .action((address: string, flags: NodeFlags) => ending('chain vote', vote(true, address, flags)))
  asked(group, 'drop <address>', 'let an account seal no more')
    .option(...forced)
    .action((address: string, flags: NodeFlags) => ending('chain vote', vote(false, address, flags)))
  asked(group, 'withdraw <address>', 'take a vote back').action((address: string, flags: NodeFlags) =>
    ending('chain vote', withdraw(address, flags)),
  )
  asked(group, 'list', 'the open votes of this node', true).action((flags: NodeFlags) =>
    ending('chain vote', votes(flags)),
  )
}

function addPeerCommands(chain: Command): void {
  const group = chain.command('peers').description('the members of the network: list, add, drop')
  asked(group, 'list', 'who is a member, and who is connected', true).action((flags: NodeFlags) =>
    ending('chain peers', peers(flags)),
  )
  asked(group, 'add <card>', 'let a node in: its node.json').action((card: string, flags: NodeFlags) =>
    ending('chain peers', addPeer(card, flags)),
  )
  asked(group, 'drop <name>', 'shut a node out, now').action((name: string, flags: NodeFlags) =>
    ending('chain peers', dropPeer(name, flags)),
  )
}
