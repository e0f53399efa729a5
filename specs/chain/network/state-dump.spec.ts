import { gzipSync, gunzipSync } from 'node:zlib'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ResultBytes } from '../../../chain/network/state-dump.ts'

async function through(pieces: readonly Buffer[]): Promise<Buffer> {
  const found: Buffer[] = []
  const out: AsyncIterable<Uint8Array> = Readable.from(pieces).pipe(new ResultBytes())
  for await (const piece of out) found.push(Buffer.from(piece))
  return Buffer.concat(found)
}

function cut(text: string, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % text.length).sort((a, b) => a - b), text.length]
  return places.slice(1).map((to, index) => Buffer.from(text.slice(places[index], to), 'latin1'))
}

it('gives the bytes of a result however the answer is cut', async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ minLength: 1 }),
    fc.array(fc.nat(5000)),
    async (bytes, at) => {
      const state = gzipSync(bytes)
      const answer = `{"jsonrpc":"2.0","id":1,"result":"0x${state.toString('hex')}"}`
      expect(gunzipSync(await through(cut(answer, at)))).toEqual(Buffer.from(bytes))
    },
  )
  await fc.assert(property)
})

it('gives the words of an answer that holds no state, and refuses one that broke off', async () => {
  const refusal = '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"busy"}}'
  await expect(through([Buffer.from(refusal)])).rejects.toThrow('busy')
  await expect(through([Buffer.from('{"result":"0x1f8b08')])).rejects.toThrow('broke off')
  await expect(through([Buffer.alloc(1000, 'x')])).rejects.toThrow('xxx')
})
