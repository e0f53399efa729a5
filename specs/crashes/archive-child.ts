import { onStep } from './steps.ts'
import { writeSync } from 'node:fs'
import files from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { Command } from 'commander'
import { z } from 'zod'
import { addChainArchiveCommands } from '../../bin/commands/chain-archive.ts'
import { leavesOf } from '../models/tour.ts'
import { archiveDeath } from './archive-wire.ts'

/*
 * `meterhood chain backup` and `chain restart` in a process made to be killed: it ends itself by SIGKILL when
 * the archive is in a named state, at a named moment. The command and Geth are the real ones.
 */

const settings = z
  .object({ words: z.array(z.string()), deaths: z.array(archiveDeath) })
  .parse(JSON.parse(process.argv[2] ?? 'null'))

const STDERR = 2
/** What a state leaves behind outside of its process: the call that makes it, and its place. */
const DEED_OF: Readonly<Record<string, { readonly call: string; readonly place: RegExp }>> = {
  snapshotting: { call: 'mkdir', place: /\.part$/u },
  signing: { call: 'rename', place: /archive$/u },
  verifying: { call: 'mkdir', place: /archives\/\d+$/u },
  'restarting.beginning': { call: 'rename', place: /chain(\.before-\d+)?$/u },
}
let state = 'idle'
let deeds = 0

/** Written at once: nothing that is left in a buffer survives. */
function dieAt(hook: string, nth = 1): void {
  const death = settings.deaths.find((each) => each.leaf === state && each.hook === hook && each.nth === nth)
  if (death === undefined) return
  writeSync(STDERR, `died ${JSON.stringify(death)}\n`)
  process.kill(process.pid, 'SIGKILL')
}

onStep((machine, _from, to) => {
  if (machine !== 'archive') return
  dieAt('after receipt')
  state = leavesOf(to).join()
  deeds = 0
  dieAt('after persist')
})

for (const call of ['mkdir', 'rename'] as const) {
  const make: unknown = files[call]
  if (typeof make !== 'function') throw new Error(`no ${call}`)
  Reflect.set(files, call, async (...given: unknown[]): Promise<unknown> => {
    const deed = DEED_OF[state]
    const place = String(given[call === 'rename' ? 1 : 0])
    const isDeed = deed?.call === call && deed.place.test(place)
    if (isDeed) dieAt('before send', (deeds += 1))
    const made: unknown = await Reflect.apply(make, files, given)
    if (isDeed) dieAt('after send', deeds)
    return made
  })
}
syncBuiltinESMExports()

const chain = new Command('chain')
addChainArchiveCommands(chain)
await chain.parseAsync(settings.words, { from: 'user' })
