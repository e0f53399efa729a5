import { chmod, readFile } from 'node:fs/promises'
import { z } from 'zod'
import { Fault } from '../../protocols/rules/fault.ts'
import type { HostedHome } from '../host/configs.ts'
import { writeJsonFile } from './report.ts'

const key = z.string().regex(/^[0-9a-f]{64}$/, '64 hex digits')
const Book = z.array(
  z.object({
    number: z.number().int().min(1),
    boards: z.array(
      z.object({
        kind: z.enum(['power', 'water', 'comfort']),
        boardId: z.number().int().min(0),
        recordKey: key,
        linkKey: key,
      }),
    ),
  }),
)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** The boards that an earlier run in this data folder commissioned. Throws `boards-damaged`. */
export async function rememberedBoards(file: string): Promise<readonly HostedHome[]> {
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text === null) return []
  try {
    return Book.parse(JSON.parse(text)).map(({ number, boards }) => ({
      number,
      boards: boards.map((board) => ({
        ...board,
        recordKey: bytes(board.recordKey),
        linkKey: bytes(board.linkKey),
      })),
    }))
  } catch {
    throw new Fault(
      'boards-damaged',
      `${file}: expected the list of boards of this folder; restore it from a backup`,
      { file },
    )
  }
}

/** Keeps the keys of the emulated boards, readable by their owner only. */
export async function rememberBoards(file: string, homes: readonly HostedHome[]): Promise<void> {
  const book = homes.map(({ number, boards }) => ({
    number,
    boards: boards.map((board) => ({
      ...board,
      recordKey: hex(board.recordKey),
      linkKey: hex(board.linkKey),
    })),
  }))
  await writeJsonFile(file, book)
  await chmod(file, 0o600)
}
