import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { InterfaceAbi } from 'ethers'
import { z } from 'zod'

const require = createRequire(import.meta.url)
const compilerSchema = z.object({
  compile: z.custom<(input: string) => string>((one) => typeof one === 'function'),
})
const abiSchema = z.custom<InterfaceAbi>((value) => Array.isArray(value))
const madeSchema = z.object({
  contracts: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ abi: abiSchema, evm: z.object({ bytecode: z.object({ object: z.string() }) }) }),
    ),
  ),
})

/** A contract of this folder that only specs need; it imports nothing. */
export function compiled(name: string): { readonly abi: InterfaceAbi; readonly code: string } {
  const file = `${name}.sol`
  const input = {
    language: 'Solidity',
    sources: { [file]: { content: readFileSync(join(import.meta.dirname, file), 'utf8') } },
    settings: { evmVersion: 'london', outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object'] } } },
  }
  const output: unknown = JSON.parse(compilerSchema.parse(require('solc')).compile(JSON.stringify(input)))
  const found = madeSchema.parse(output).contracts[file]?.[name]
  if (found === undefined) throw new Error(`${file} has no contract ${name}`)
  return { abi: found.abi, code: `0x${found.evm.bytecode.object}` }
}
