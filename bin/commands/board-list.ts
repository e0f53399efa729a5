import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { badField, Fault, messageOf } from '../../protocols/rules/fault.ts'

/**
 * Reads a list of boards as an installer wrote it down. Throws `bad-field` with the entry that is wrong;
 * `example` is one entry as it should be.
 */
export async function readBoardList<T>(file: string, schema: z.ZodType<T[]>, example: string): Promise<T[]> {
  const text = await readFile(file, 'utf8').catch((thrown: unknown) => {
    throw badField('--boards', 'a JSON file with boards', file, messageOf(thrown))
  })
  const parsed = schema.safeParse(jsonOf(text, file))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const entry = issue === undefined || issue.path.length === 0 ? '' : ` at ${issue.path.join('.')}`
  const wrong = `--boards ${file}${entry}: ${issue?.message ?? 'no boards'}; expected [${example}, …]`
  throw new Fault('bad-field', wrong, { field: '--boards' })
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw badField('--boards', 'JSON', file, messageOf(thrown))
  }
}
