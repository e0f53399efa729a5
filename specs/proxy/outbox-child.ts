import { createAccountOutbox } from '../../actors/contract-proxy/live.ts'
import { count, openStore } from '../../actors/storage/store.ts'
import { createChainFeed } from '../../chain/proxy/feed.ts'
import { createRpc } from '../../chain/proxy/rpc.ts'
import { bodyOf, keyOf, putCall } from './node.ts'

/*
 * A gateway in miniature, made to be killed: it asks for one intent after another, each in the
 * transaction that also counts it, until it is told to ask no more; then it waits until all are final.
 */

const [file = '', url = '', tally = '', mode = 'ask'] = process.argv.slice(2)
const clock = { nowMs: () => Date.now() }
const PAUSE_MS = 15

const store = await openStore({ file })
const feed = await createChainFeed({ rpc: createRpc({ url, deadlineMs: 2000 }), clock, webSocket: null })
const outbox = await createAccountOutbox({
  store,
  feed,
  signerKey: keyOf(1),
  clock,
  mergeable: ['put'],
  merge: (_kind, bodies) => ({ data: putCall(bodies), taken: bodies.length }),
  isFinal: () => true,
  onFault: () => undefined,
})

async function askNext(): Promise<void> {
  await store.transaction(async (trx) => {
    await count(trx, 'asked')
    const row = await trx
      .selectFrom('counter')
      .select('value')
      .where('name', '=', 'asked')
      .executeTakeFirstOrThrow()
    const { value } = row
    await outbox.enqueue(trx, {
      id: `put-${value}`,
      kind: 'put',
      to: tally,
      data: bodyOf(value),
      gas: 90_000,
    })
  })
}

async function allFinal(): Promise<boolean> {
  const { final = 0, ...others } = await outbox.counts()
  return final > 0 && Object.keys(others).length === 0
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

process.stdout.write('ready\n')
if (mode === 'ask') {
  for (;;) {
    await askNext()
    await pause(PAUSE_MS)
  }
}
while (!(await allFinal())) await pause(50)
await outbox.stop()
await feed.stop()
await store.close()
process.stdout.write('done\n')
process.exit(0)
