import { open } from 'node:fs/promises'
import { Transform, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { Fault, messageOf } from '../../protocols/rules/fault.ts'

const REQUEST = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'anvil_dumpState', params: [] })
const OPENING = '"result":"0x'
const QUOTE = '"'
/** Words of an answer that holds no state; a longer one is cut here. */
const MOST_WORDS = 300

/**
 * Writes the state of an anvil node into a file as the text that `--load-state` takes, and gives its size. It
 * flows through in pieces (hexadecimal in JSON, gzip, text), since after 20,000 transactions it is 120 MB.
 * Fault: `chain-not-saved`.
 */
export async function dumpState(rpc: string, path: string, timeoutMs: number): Promise<number> {
  try {
    const headers = { 'content-type': 'application/json' }
    const signal = AbortSignal.timeout(timeoutMs)
    const response = await fetch(rpc, { method: 'POST', headers, body: REQUEST, signal })
    if (response.body === null) throw new Error('an empty answer')
    return await writeState(Readable.fromWeb(response.body), path)
  } catch (thrown) {
    throw new Fault('chain-not-saved', `${rpc}: its state was not saved (${messageOf(thrown)})`, {
      rpc,
      path,
    })
  }
}

async function writeState(answer: Readable, path: string): Promise<number> {
  const file = await open(path, 'w', 0o600)
  let size = 0
  try {
    const sink = new Writable({
      write(piece: Buffer, _, done) {
        size += piece.length
        // Unlike write, writeFile never stops part of the way; on an open file it goes on where it was.
        file.writeFile(piece).then(() => done(), done)
      },
    })
    await pipeline(answer, new ResultBytes(), createGunzip(), sink)
    await file.sync()
  } finally {
    await file.close()
  }
  return size
}

/** From the text of a JSON-RPC answer to the bytes that its hexadecimal result stands for. */
export class ResultBytes extends Transform {
  #before = ''
  #inside = false
  #ended = false
  #odd = ''

  override _transform(piece: Buffer, _: unknown, done: (error?: Error | null, bytes?: Buffer) => void): void {
    const text = this.#inside ? piece.toString('latin1') : this.#afterOpening(piece.toString('latin1'))
    if (text === null) return done(this.#before.length > MOST_WORDS ? this.#noState() : null)
    done(null, this.#bytesOf(text))
  }

  override _flush(done: (error?: Error | null) => void): void {
    done(this.#ended ? null : this.#noState())
  }

  #afterOpening(piece: string): string | null {
    this.#before += piece
    const from = this.#before.indexOf(OPENING)
    if (from < 0) return null
    this.#inside = true
    return this.#before.slice(from + OPENING.length)
  }

  #bytesOf(text: string): Buffer {
    if (this.#ended) return Buffer.alloc(0)
    const quote = text.indexOf(QUOTE)
    if (quote >= 0) this.#ended = true
    const digits = this.#odd + (quote >= 0 ? text.slice(0, quote) : text)
    const even = digits.length - (digits.length % 2)
    this.#odd = digits.slice(even)
    return Buffer.from(digits.slice(0, even), 'hex')
  }

  #noState(): Error {
    return new Error(this.#inside ? 'the answer broke off' : this.#before.slice(0, MOST_WORDS))
  }
}
