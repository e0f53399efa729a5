import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openStore } from '../../actors/storage/store.ts'
import { createSigner } from '../../chain/proxy/signing.ts'
import { type BadNode, type Mood, startBadNode } from './bad-node.ts'
import { deployTally, keyOf, type Node, startNode, timesOf } from './node.ts'

const CHILD = new URL('./outbox-child.ts', import.meta.url).pathname
const LONGEST_LIFE_MS = 900

let folder: string
let node: Node
let bad: BadNode
let tally: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-kill-'))
  node = await startNode({ blockTimeS: 0.2 })
  bad = await startBadNode(node.url)
  tally = await deployTally(node, createSigner(keyOf(0)).account)
})

afterEach(async () => {
  await bad.stop()
  await node.kill()
  await rm(folder, { recursive: true, force: true })
})

const file = (): string => join(folder, 'gateway.sqlite')

const startChild = (mode: 'ask' | 'finish'): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', CHILD, file(), bad.url, tally, mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })

const says = (child: ChildProcess, word: string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.stdout?.on('data', (data: Buffer) => (data.includes(word) ? resolve() : undefined))
    child.once('exit', () => reject(new Error(`ended before it said ${word}`)))
  })

const gone = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once('exit', resolve))

type Way = (kill: () => void) => Mood | number

/** When the process is killed: at some moment, or just around the hand-over of a transaction. */
const WAYS: Record<string, Way> = {
  'at a random moment': () => Math.floor(Math.random() * LONGEST_LIFE_MS),
  'after signing, before the node has it': (see) => ({
    kind: 'watch',
    at: 'before',
    method: 'eth_sendRawTransaction',
    see,
  }),
  'after the node has it, before it is known': (see) => ({
    kind: 'watch',
    at: 'after',
    method: 'eth_sendRawTransaction',
    see,
  }),
}

async function liveAndDie(way: Way): Promise<void> {
  bad.mood = { kind: 'good' }
  const child = startChild('ask')
  const dead = gone(child)
  await says(child, 'ready')
  const end = way(() => void child.kill('SIGKILL'))
  if (typeof end === 'number') setTimeout(() => child.kill('SIGKILL'), end)
  else bad.mood = end
  await dead
}

async function checkAll(): Promise<void> {
  bad.mood = { kind: 'good' }
  const last = startChild('finish')
  await says(last, 'done')
  const store = await openStore({ file: file() })
  const asked = await store.db.selectFrom('counter').select('value').executeTakeFirstOrThrow()
  const intents = await store.db.selectFrom('intent').select(['id', 'state']).execute()
  const nonces = await store.db.selectFrom('attempt').select(['nonce']).distinct().execute()
  await store.close()
  expect(intents).toHaveLength(asked.value)
  expect(intents.filter(({ state }) => state !== 'final')).toEqual([])
  for (let number = 1; number <= asked.value; number += 1) {
    expect(await timesOf(node, tally, number)).toBe(1)
  }
  expect(nonces.length).toBeLessThanOrEqual(asked.value)
}

describe('a gateway killed by SIGKILL', () => {
  it.each(Object.entries(WAYS))(
    '%s, again and again, loses no intent and does none twice',
    async (_name, way) => {
      for (let round = 0; round < 3; round += 1) await liveAndDie(way)
      await checkAll()
    },
  )

  it('while the chain comes back older each time, loses no intent and does none twice', async () => {
    for (let round = 0; round < 3; round += 1) {
      await liveAndDie(() => 400 + Math.floor(Math.random() * 400))
      await node.ask('anvil_rollback', 2)
    }
    await checkAll()
  })
})
