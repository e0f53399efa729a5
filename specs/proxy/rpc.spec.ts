import http from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { numberReply } from '../../chain/proxy/replies.ts'
import { createRpc, type Rpc } from '../../chain/proxy/rpc.ts'
import { feeFor, replacementFee } from '../../chain/proxy/fees.ts'
import { namedError, revertOf, sendVerdict } from '../../chain/proxy/refusals.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { Interface } from 'ethers'
import fc from 'fast-check'
import { tallyAbi } from './node.ts'

type Answer = (id: number, response: http.ServerResponse) => void

let server: http.Server
let rpc: Rpc
let answer: Answer
let asked: number

beforeAll(async () => {
  server = http.createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => {
      asked += 1
      answer(z.object({ id: z.number() }).parse(JSON.parse(body)).id, response)
    })
  })
  const port = await new Promise<number>((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve(z.object({ port: z.number() }).parse(server.address()).port)),
  )
  rpc = createRpc({ url: `http://127.0.0.1:${port}`, deadlineMs: 700 })
})

beforeEach(() => {
  asked = 0
})

afterAll(() => {
  rpc.close()
  server.closeAllConnections()
  server.close()
})

const json =
  (make: (id: number) => unknown): Answer =>
  (id, response) =>
    response.end(JSON.stringify(make(id)))

const ask = (tries = 1) => rpc.call('eth_blockNumber', [], numberReply, { tries })

describe('a call to a node', () => {
  it('returns what the node says, once it is what the method returns', async () => {
    answer = json((id) => ({ jsonrpc: '2.0', id, result: '0x1f' }))
    expect(await ask()).toBe(31)
  })

  it('is unreachable when nobody listens, and names the fix', async () => {
    const nobody = createRpc({ url: 'http://127.0.0.1:1', deadlineMs: 500 })
    await expect(nobody.call('eth_chainId', [], numberReply)).rejects.toMatchObject({
      code: 'rpc-unreachable',
    })
  })

  const broken: [name: string, code: string, answer: Answer][] = [
    ['never answers', 'rpc-unknown', () => undefined],
    ['hangs up', 'rpc-unknown', (_id, response) => void response.destroy()],
    ['stops half way', 'rpc-unknown', (_id, response) => cutOff(response)],
    ['answers no JSON', 'rpc-garbage', (_id, response) => void response.end('<html>')],
    ['answers no JSON-RPC', 'rpc-garbage', json(() => ({ hello: 1 }))],
    ['answers another call', 'rpc-garbage', json((id) => ({ id: id + 1, result: '0x1' }))],
    ['answers a wrong type', 'rpc-garbage', json((id) => ({ id, result: { number: 1 } }))],
    ['answers a number too large', 'rpc-garbage', json((id) => ({ id, result: '0xffffffffffffff' }))],
    ['refuses', 'rpc-refused', json((id) => ({ id, error: { code: -32000, message: 'no' } }))],
  ]

  it.each(broken)('to one that %s is %s', async (_name, code, wrong) => {
    answer = wrong
    await expect(ask()).rejects.toMatchObject({ code })
  })

  it('is not read beyond 32 MiB', async () => {
    answer = (_id, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 'x')
      const send = (): void => {
        while (!response.destroyed && response.write(chunk));
        if (!response.destroyed) response.once('drain', send)
      }
      send()
    }
    await expect(
      rpc.call('eth_blockNumber', [], numberReply, { tries: 1, deadlineMs: 5000 }),
    ).rejects.toMatchObject({
      code: 'rpc-unknown',
    })
  })

  it('is tried again after what may pass, and not after a refusal', async () => {
    answer = (id, response) => {
      if (asked < 3) response.destroy()
      else json((one) => ({ id: one, result: '0x2' }))(id, response)
    }
    expect(await ask(3)).toBe(2)
    asked = 0
    answer = json((id) => ({ id, error: { code: 3, message: 'execution reverted' } }))
    await expect(ask(3)).rejects.toMatchObject({ code: 'rpc-refused' })
    expect(asked).toBe(1)
  })
})

function cutOff(response: http.ServerResponse): void {
  response.writeHead(200, { 'content-length': 100 })
  response.write('{"jsonrpc":')
  setTimeout(() => response.destroy(), 5)
}

const refused = (rpcMessage: string, data: string | null = null): Fault =>
  new Fault('rpc-refused', rpcMessage, { rpcMessage, data, rpcCode: -32000 })

describe('what a node says to a signed transaction', () => {
  const said: [message: string, verdict: string][] = [
    ['already known', 'accepted'],
    ['nonce too low: next nonce 2, tx nonce 0', 'nonce-used'],
    ['replacement transaction underpriced', 'underpriced'],
    ['transaction underpriced', 'underpriced'],
    ['max fee per gas less than block base fee: address 0x…', 'underpriced'],
    ['insufficient funds for gas * price + value', 'unfunded'],
    ['Insufficient funds for gas * price + value', 'unfunded'],
    ['intrinsic gas too low', 'refused'],
    ['exceeds block gas limit', 'refused'],
    ['txpool is full', 'unknown'],
    ['transaction indexing is in progress', 'unknown'],
    ['something nobody has ever said', 'unknown'],
  ]
  it.each(said)('%s: %s', (message, verdict) => {
    expect(sendVerdict(refused(message))).toBe(verdict)
  })

  it('is unknown when there was no answer', () => {
    expect(sendVerdict(new Fault('rpc-unknown', 'no answer'))).toBe('unknown')
    expect(sendVerdict(new Error('socket hang up'))).toBe('unknown')
  })
})

describe('a revert', () => {
  const tally = new Interface(tallyAbi)

  it('has the name and the arguments of the contract’s error', () => {
    const data = tally.encodeErrorResult('Refused', [7n, 'closed'])
    expect(namedError(data, [tally])).toEqual({ error: 'Refused', detail: 'why=7 words=closed' })
    expect(revertOf(refused('execution reverted', data), [tally])?.error).toBe('Refused')
  })

  it('of an unknown error keeps its bytes', () => {
    expect(namedError('0xdeadbeef', [tally])).toEqual({ error: 'unknown-error', detail: '0xdeadbeef' })
  })

  it('is not what a node that is away says', () => {
    expect(revertOf(new Fault('rpc-unknown', 'no answer'), [tally])).toBeUndefined()
    expect(revertOf(refused('header not found'), [tally])).toBeUndefined()
  })
})

describe('a fee', () => {
  const wei = fc.bigInt({ min: 0n, max: 10n ** 12n })
  const rules = fc.record({ tipWei: wei, capWei: wei })

  it('covers the base fee and the tip, and never passes the cap', () => {
    fc.assert(
      fc.property(wei, rules, (base, cap) => {
        const fee = feeFor(base, cap)
        if (fee === undefined) expect(base + cap.tipWei).toBeGreaterThan(cap.capWei)
        else expect([fee.maxFeeWei >= base + fee.tipWei, fee.maxFeeWei <= cap.capWei]).toEqual([true, true])
      }),
    )
  })

  it('that replaces another is at least a tenth more on both fields', () => {
    fc.assert(
      fc.property(wei, wei, wei, wei, (base, maxFeeWei, tipWei, capWei) => {
        const next = replacementFee({ maxFeeWei, tipWei }, base, { tipWei: 1n, capWei })
        if (next === undefined) return
        expect(next.maxFeeWei * 10n).toBeGreaterThanOrEqual(maxFeeWei * 11n)
        expect(next.tipWei * 10n).toBeGreaterThanOrEqual(tipWei * 11n)
        expect(next.maxFeeWei).toBeLessThanOrEqual(capWei)
        expect(next.maxFeeWei).toBeGreaterThanOrEqual(base + next.tipWei)
      }),
    )
  })
})
