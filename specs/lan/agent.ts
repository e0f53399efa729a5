import '../../protocols/p2p/polyfill.ts'
import { z } from 'zod'
import { createBoardHost } from '../../hardware/board/host.ts'
import { answerParent } from '../../bin/start/child.ts'
import { wallClock } from '../../bin/clock.ts'
import { PeerHand } from './peer-hand.ts'

/*
 * The hand of the spec on a host of the LAN: it plays the boards of the home, asks what listens on the host's
 * own loopback, and plays a peer that should be refused.
 */

const Boards = z.object({
  sampleMs: z.number(),
  watts: z.number(),
  boards: z.array(
    z.object({
      kind: z.enum(['power', 'water', 'comfort']),
      boardId: z.number(),
      recordKey: z.instanceof(Uint8Array),
      linkKey: z.instanceof(Uint8Array),
    }),
  ),
})

const Question = z.object({
  url: z.string(),
  body: z.string().nullable(),
  limitMs: z.number(),
})

/** A profile whose rows are as long as its sample periods, so that it is played at its own pace. */
const steadyProfile = (watts: number, sampleMs: number) => ({
  folder: 'the spec',
  stepMs: sampleMs,
  homes: [{ home: 'home', loadMw: [watts * 1_000], pvMw: [], waterUl: [500] }],
})

const Identity = z.object({ seed: z.instanceof(Uint8Array).nullable() })

const peer = new PeerHand()

answerParent({
  peerOpens: (body) => peer.open(Identity.parse(body).seed),
  peerTries: () => peer.tries(),
  peerRepeats: () => peer.repeats(),
  peerConnections: () => peer.connections(),
  peerCloses: () => peer.close(),
  boards: async (body) => {
    const { sampleMs, watts, boards } = Boards.parse(body)
    const host = await createBoardHost({
      mode: 'profile',
      homes: [{ number: 1, boards }],
      profiles: steadyProfile(watts, sampleMs),
      sampleMs,
      clock: wallClock,
    })
    return host.boards.map(({ kind, host: address, port }) => ({ kind, host: address, port }))
  },
  ask: async (body) => {
    const { url, body: text, limitMs } = Question.parse(body)
    const headers = { 'content-type': 'application/json' }
    const asked = text === null ? {} : { method: 'POST', body: text, headers }
    const response = await fetch(url, { ...asked, signal: AbortSignal.timeout(limitMs) })
    return { status: response.status, text: await response.text() }
  },
})
