import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { keepPort, whereItListened } from '../../bin/host/peer-port.ts'
import { LOOPBACK, startNode } from './harness.ts'

let folder = ''
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-port-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

it('gives a peer the port of its last run, so that others find it where it was', async () => {
  expect(await whereItListened(store, [LOOPBACK])).toEqual([LOOPBACK])
  const node = await startNode()
  await keepPort(store, node)
  await node.stop()
  const [listen = ''] = await whereItListened(store, [LOOPBACK])
  expect(listen).toMatch(/^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*$/)
  const again = await startNode({ listen: [listen] })
  expect(again.addresses()[0]).toContain(`${listen}/p2p/`)
})

it('leaves a port alone that was asked for, and one that another program took meanwhile', async () => {
  const node = await startNode()
  await keepPort(store, node)
  await node.stop()
  const [kept = ''] = await whereItListened(store, [LOOPBACK])
  const asked = '/ip4/127.0.0.1/tcp/45991'
  expect(await whereItListened(store, [asked])).toEqual([asked])
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(Number(kept.split('/').at(-1)), resolve))
  expect(await whereItListened(store, [LOOPBACK])).toEqual([LOOPBACK])
  await new Promise((resolve) => other.close(resolve))
})
