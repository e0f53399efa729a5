import { readFile } from 'node:fs/promises'
import { z } from 'zod'

const quantity = z.string().regex(/^0x[0-9a-f]+$/i)
const Genesis = z.object({ timestamp: quantity })
const State = z.looseObject({
  blocks: z.array(z.looseObject({ header: z.looseObject({ number: quantity, timestamp: quantity }) })),
})

/**
 * A node that loads a saved chain keeps a fresh block 0 beside the chain's own and saves both; whichever it
 * loads last would begin the chain next time. Returns the state with the chain's own block 0 alone, or null
 * when the saved one is right already, or cannot be read: then the node itself says why.
 */
export async function withOwnGenesis(stateFile: string, genesisFile: string): Promise<string | null> {
  const genesis = Genesis.safeParse(await readJson(genesisFile))
  const state = State.safeParse(await readJson(stateFile))
  if (!genesis.success || !state.success) return null
  const own = BigInt(genesis.data.timestamp)
  const isFirst = ({ header }: { header: { number: string } }): boolean => BigInt(header.number) === 0n
  if (state.data.blocks.filter(isFirst).length < 2) return null
  const blocks = state.data.blocks.filter((each) => !isFirst(each) || BigInt(each.header.timestamp) === own)
  return JSON.stringify({ ...state.data, blocks })
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'))
  } catch {
    return null
  }
}
