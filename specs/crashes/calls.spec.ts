import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openStore } from '../../actors/storage/store.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { bundleChild } from '../delegation/child-bundle.ts'
import { count } from '../machines/inspection.mjs'
import { deployTally, keyOf, type Node, putCall, bodyOf, startNode, timesOf } from '../proxy/node.ts'
import { Undying } from './undying.ts'
import { type Death, HOOKS } from './wire.ts'

/*
 * A gateway is killed while a call and the proxy of its contract are in every state, at every moment of
 * it; the call is then carried out once, by the same nonce, and its event is applied once. `npm test`
 * tries a sample by METERHOOD_SEED, METERHOOD_CRASHES=all every state at every moment.
 */

const ALL = process.env['METERHOOD_CRASHES'] === 'all'
const SEED = Number(process.env['METERHOOD_SEED'] ?? Date.now() % 1_000_000)
const SAMPLE = 3
const TRIES_MOST = 4
const LOOKS_MOST = 600
const account = createSigner(keyOf(1)).account
const deployer = createSigner(keyOf(0)).account
const FOREIGN = 100

const tells = z.object({
  intent: z.string(),
  contractProxy: z.string(),
  kept: z.string(),
  applied: z.number(),
})
type Calls = Undying<z.infer<typeof tells>, { finalUpTo: number; cut: boolean }>

/** What happens around a call, with the states that it or the proxy comes to. */
interface Course {
  readonly states: readonly string[]
  begin?(node: Node): Promise<unknown>
  run(node: Node, calls: Calls): Promise<void>
}

async function until(node: Node, wanted: () => Promise<boolean> | boolean, mines = true): Promise<void> {
  for (let looked = 0; looked < LOOKS_MOST; looked += 1) {
    if (mines) await node.mine()
    for (let wait = 0; wait < 10; wait += 1) {
      if (await wanted()) return
      await sleep(20)
    }
  }
  throw new Error('it did not come')
}

const came = (calls: Calls, state: string) => () => calls.tales.some(({ intent }) => intent === state)
const proxyCame = (calls: Calls, state: string) => () =>
  calls.tales.some(({ contractProxy }) => contractProxy === state)
const poolSize = async (node: Node): Promise<number> =>
  Number(z.object({ pending: z.string() }).parse(await node.ask('txpool_status')).pending)
const sent = (node: Node) => async () => (await poolSize(node)) === 1
/** The call is final in the store, and the proxy has applied everything: two events. */
const final = (node: Node, calls: Calls) =>
  until(node, () => calls.told?.kept === 'final' && calls.told.applied >= EVENTS)
const EVENTS = 2
const call = (states: string) => states.split(' ').map((state) => `intent ${state}`)

const COURSES: Readonly<Record<string, Course>> = {
  'a call that goes through': {
    states: [
      ...call('queued signed sent included confirmed final'),
      'contractProxy disconnected',
      'contractProxy syncing',
      'contractProxy ready',
    ],
    run: final,
  },
  'a call that becomes too cheap': {
    states: call('underpriced'),
    run: async (node, calls) => {
      await until(node, sent(node), false)
      // Dear from the first block on, or that block takes the call.
      const dear = async (): Promise<boolean> => {
        await node.ask('anvil_setNextBlockBaseFeePerGas', '0x174876e800')
        await node.mine()
        return came(calls, 'underpriced')()
      }
      await until(node, dear, false)
      await final(node, calls)
    },
  },
  'a call that the account cannot pay': {
    states: call('rejected'),
    begin: (node) => node.ask('anvil_setBalance', account, '0x0'),
    run: async (node, calls) => {
      await until(node, came(calls, 'rejected'))
      await node.ask('anvil_setBalance', account, '0xde0b6b3a7640000')
      await final(node, calls)
    },
  },
  'a call whose block is undone': {
    states: call('reorged'),
    run: async (node, calls) => {
      await until(node, sent(node), false)
      await until(node, came(calls, 'included'))
      await node.ask('anvil_reorg', 1, [])
      await final(node, calls)
    },
  },
  'a call whose nonce somebody else takes': {
    states: call('stalled lost'),
    run: async (node, calls) => {
      calls.wish({ finalUpTo: 0 })
      await until(node, sent(node), false)
      await node.ask('anvil_dropAllTransactions')
      await node.ask('eth_sendTransaction', { from: account, to: account, value: '0x1', nonce: '0x0' })
      await until(node, came(calls, 'stalled'))
      calls.wish({ finalUpTo: Number.MAX_SAFE_INTEGER })
      await final(node, calls)
    },
  },
  'a node that goes away': {
    states: ['contractProxy degraded'],
    run: async (node, calls) => {
      await until(node, proxyCame(calls, 'ready'), false)
      calls.wish({ cut: true })
      await until(node, proxyCame(calls, 'degraded'), false)
      calls.wish({ cut: false })
      await final(node, calls)
    },
  },
}

const SENDS = ['intent signed', 'intent rejected', 'intent reorged']
/** A step that leads out of these is made and written down; out of the others no step leads in a course. */
const LEFT = [
  ...call('queued signed sent underpriced rejected included confirmed reorged stalled'),
  'contractProxy syncing',
]

function cellsOf(course: Course): Death[] {
  return course.states.flatMap((leaf) =>
    HOOKS.filter((hook) => {
      if (hook === 'after persist') return true
      return (hook === 'after receipt' ? LEFT : SENDS).includes(leaf)
    }).map((hook) => ({ leaf, hook })),
  )
}

function note(kind: 'cell' | 'crash', { leaf, hook }: Death): void {
  const [machine = '', state = ''] = leaf.split(' ')
  count(kind, machine, `${state} ${hook}`)
}

describe(`a call and its contract, killed by SIGKILL in every state (seed ${SEED})`, () => {
  let child: Awaited<ReturnType<typeof bundleChild>>
  beforeAll(async () => {
    child = await bundleChild('specs/crashes/calls-child.ts')
  }, 120_000)
  afterAll(() => rmSync(child.folder, { recursive: true, force: true }))

  async function lived(course: Course, deaths: readonly Death[]) {
    const folder = mkdtempSync(join(tmpdir(), 'meterhood-calls-'))
    const node = await startNode()
    const tally = await deployTally(node, deployer)
    const data = `0x${Buffer.from(putCall([bodyOf(FOREIGN)])).toString('hex')}`
    await node.ask('eth_sendTransaction', { from: deployer, to: tally, data, gas: '0x30000' })
    await node.mine(3)
    await course.begin?.(node)
    const file = join(folder, 'gateway.sqlite')
    const calls: Calls = new Undying({
      program: child.file,
      settings: { file, rpc: node.url, tally, fromBlock: 0 },
      ...{ deaths, tells, wish: { finalUpTo: Number.MAX_SAFE_INTEGER, cut: false } },
    })
    try {
      calls.start()
      await course.run(node, calls)
      await calls.stop()
      const store = await openStore({ file })
      const intents = await store.db.selectFrom('intent').select(['id', 'state', 'nonce']).execute()
      const facts = await store.db.selectFrom('counter').selectAll().orderBy('name').execute()
      await store.close()
      const ids = facts.map(({ name, value }) => [name.split(' ').at(-1), value])
      return { end: { intents, ids, times: await timesOf(node, tally, 1) }, calls }
    } finally {
      await calls.stop()
      await node.kill()
      rmSync(folder, { recursive: true, force: true })
    }
  }

  const all = Object.values(COURSES).flatMap(cellsOf)
  const some = fc.sample(fc.shuffledSubarray(all, { minLength: SAMPLE, maxLength: SAMPLE }), {
    numRuns: 1,
    seed: SEED,
  })[0]
  const wanted = ALL ? all : (some ?? [])
  const chosen = Object.entries(COURSES).filter(([, course]) =>
    cellsOf(course).some((cell) => wanted.some(({ leaf, hook }) => leaf === cell.leaf && hook === cell.hook)),
  )

  it.each(chosen)('%s: is carried out once', { timeout: 600_000 }, async (_name, course) => {
    const undisturbed = (await lived(course, [])).end
    expect(undisturbed.times).toBe(1)
    expect(undisturbed.ids.map(([, times]) => times)).toEqual([1, 1])
    const cells = wanted.filter((each) => course.states.includes(each.leaf))
    // A process watches its calls before they are handed over or after it, not both.
    for (const hook of HOOKS) {
      let left: readonly Death[] = cells.filter((each) => each.hook === hook)
      // One death may step over the next state, which is then tried by itself.
      for (let tries = 0; tries < TRIES_MOST && left.length > 0; tries += 1) {
        const { end, calls } = await lived(course, left)
        expect(end).toEqual(undisturbed)
        left = calls.left()
        for (const { leaves } of calls.died)
          for (const leaf of leaves)
            if (all.some((each) => each.leaf === leaf && each.hook === hook)) note('crash', { leaf, hook })
      }
      expect(left).toEqual([])
    }
    for (const cell of cellsOf(course)) note('cell', cell)
  })
})
