import { describe, expect, it } from 'vitest'
import type { KeyReply, KeyRequest } from '../../protocols/messages/keys.ts'
import { requestKeys, serveKeys } from '../../protocols/p2p/keys.ts'
import { Fault } from '../../protocols/rules/fault.ts'
import { newWallet, random, startPair } from './harness.ts'

const reply = (request: KeyRequest): KeyReply => ({
  epoch: request.epoch,
  delegation: request.delegation,
  key33: random(33),
  sealed: random(80),
  signature: random(65),
  proof: random(64),
})
const requestOf = (account: string): KeyRequest => ({
  account,
  epoch: 3,
  delegation: 0,
  auxPublicKey: random(32),
  signature: random(65),
})

describe('The key exchange', () => {
  it('brings the request as it was, and the reply to the home’s own check', async () => {
    const { address } = newWallet()
    const { gateway, home } = await startPair(address)
    const request = requestOf(address)
    const issued: KeyReply[] = []
    await serveKeys(gateway, {
      signerOf: (asked) => (expect(asked).toEqual(request), address),
      issue: (asked) => {
        issued.push(reply(asked))
        return issued[0] ?? reply(asked)
      },
    })
    const opened = await requestKeys(home, gateway.peerId, request, (got) => got)
    expect(opened).toEqual(issued[0])
    const checked = requestKeys(home, gateway.peerId, request, () => {
      throw new Fault('key-wrong', 'x·G is not X')
    })
    await expect(checked).rejects.toMatchObject({ code: 'key-wrong' })
  })

  it('is refused for another account, a foreign signature, or a peer with no account', async () => {
    const { address } = newWallet()
    const stranger = newWallet().address
    const { gateway, home } = await startPair(address)
    let signer: string | undefined = address
    await serveKeys(gateway, { signerOf: () => signer, issue: reply })
    const ask = (account: string) => requestKeys(home, gateway.peerId, requestOf(account), (got) => got)
    await expect(ask(stranger)).rejects.toMatchObject({ code: 'account-mismatch' })
    signer = stranger
    await expect(ask(address)).rejects.toMatchObject({ code: 'request-signature' })
    signer = undefined
    await expect(ask(address)).rejects.toMatchObject({ code: 'request-signature' })
    const nameless = await startPair()
    await serveKeys(nameless.gateway, { signerOf: () => address, issue: reply })
    const attempt = requestKeys(nameless.home, nameless.gateway.peerId, requestOf(address), (got) => got)
    await expect(attempt).rejects.toMatchObject({ code: 'account-unknown' })
  })

  it('is refused when the reply is for another epoch or delegation', async () => {
    const { address } = newWallet()
    const { gateway, home } = await startPair(address)
    let change: Partial<KeyReply> = { epoch: 4 }
    await serveKeys(gateway, { signerOf: () => address, issue: (asked) => ({ ...reply(asked), ...change }) })
    const ask = () => requestKeys(home, gateway.peerId, requestOf(address), (got) => got)
    await expect(ask()).rejects.toMatchObject({ code: 'reply-mismatch' })
    change = { delegation: 1 }
    await expect(ask()).rejects.toMatchObject({ code: 'reply-mismatch' })
    change = { sealed: random(79) }
    await expect(ask()).rejects.toMatchObject({ code: 'bad-field' })
  })
})
