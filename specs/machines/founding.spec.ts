import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { founded, startCommunityGateway } from '../../actors/community-gateway/live.ts'
import { openStore, type Store } from '../../actors/storage/store.ts'
import { wallClock } from '../../bin/clock.ts'

let folder = ''
let store: Store
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-founding-'))
  store = await openStore({ file: join(folder, 'gateway.sqlite') })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

/** A community gateway whose keys are announced when the spec says so. */
async function community() {
  const announced = Promise.withResolvers<number>()
  const admitted: string[] = []
  const actor = await startCommunityGateway({
    store,
    clock: wallClock,
    account: '0xcommunity',
    deployOrAttach: async () => undefined,
    beginEpoch: async () => undefined,
    announceKeys: () => announced.promise,
    admit: async (account) => {
      admitted.push(account)
    },
    allocateQuotas: () => undefined,
    openRecords: () => undefined,
    closePeriod: async () => undefined,
    lookAtExcesses: () => undefined,
    publishAlarms: () => undefined,
    warnOperator: () => undefined,
    onFault: (thrown) => {
      throw thrown
    },
  })
  return { actor, admitted, announce: () => announced.resolve(0) }
}

describe('a community that is being founded', () => {
  it('lets nobody in before its keys are announced, and then whoever waited at the door', async () => {
    const { actor, admitted, announce } = await community()
    let open = false
    const asked = founded(actor).then(async () => {
      open = true
      await actor.send({ type: 'JOIN_ASKED', account: '0xhome', peerKey: '0x01' })
    })
    await actor.idle()
    expect(open).toBe(false)
    announce()
    await asked
    await actor.idle()
    expect(admitted).toEqual(['0xhome'])
    await founded(actor)
    await actor.stop()
  })
})
