import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Interface } from 'ethers'
import { expect, it } from 'vitest'
import { generate, staleIn } from '../../../chain/bindings/generate.ts'
import { monitoringAbi } from '../../../chain/bindings/monitoring.gen.ts'
import { commitmentMonitoringAbi } from '../../../chain/bindings/commitment-monitoring.gen.ts'
import { storageMonitoringAbi } from '../../../chain/bindings/storage-monitoring.gen.ts'
import { sameCode } from '../../../chain/bindings/code.ts'

const bindings = join(import.meta.dirname, '../../../chain/bindings')

it('commits what the sources compile to, and notices a file that is not', { timeout: 180_000 }, () => {
  const files = generate()
  expect(staleIn(bindings, files)).toEqual([])
  const folder = mkdtempSync(join(tmpdir(), 'bindings-'))
  const names = readdirSync(bindings).filter((file) => file.endsWith('.gen.ts'))
  for (const name of names) copyFileSync(join(bindings, name), join(folder, name))
  writeFileSync(join(folder, 'quota.gen.ts'), 'export const quotaAbi = []\n')
  rmSync(join(folder, 'monitoring.gen.ts'))
  expect(staleIn(folder, files)).toEqual(['monitoring.gen.ts', 'quota.gen.ts'])
  rmSync(folder, { recursive: true })
  for (const text of files.values()) expect(text).not.toMatch(/\/(home|root|work|tmp|Users)\//)
})

it('gives both profiles one interface', () => {
  const functionsOf = (abi: ConstructorParameters<typeof Interface>[0]) => {
    const names: string[] = []
    new Interface(abi).forEachFunction((entry) => names.push(entry.format('full')))
    new Interface(abi).forEachEvent((entry) => names.push(entry.format('full')))
    return names.sort()
  }
  expect(functionsOf(commitmentMonitoringAbi)).toEqual(functionsOf(storageMonitoringAbi))
  expect(functionsOf(commitmentMonitoringAbi)).toEqual(expect.arrayContaining(functionsOf(monitoringAbi)))
})

it('takes code for the same whatever its immutable values, and for no other change', () => {
  const compiled = '0x60000000aabb'
  expect(sameCode('0x60123400aabb', compiled, [[1, 2]])).toBe(true)
  expect(sameCode('0x60123401aabb', compiled, [[1, 2]])).toBe(false)
  expect(sameCode('0x', compiled, [[1, 2]])).toBe(false)
  expect(sameCode('0x60123400aabbcc', compiled, [[1, 2]])).toBe(false)
})
