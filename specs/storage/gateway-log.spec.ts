import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { gatewayLog } from '../../bin/host/log.ts'

const canMount = process.getuid?.() === 0

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterhood-log-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const linesOf = async (): Promise<string[]> =>
  (await readFile(join(folder, 'gateway.log'), 'utf8')).split('\n').filter((line) => line !== '')

describe('the log of a gateway', () => {
  it.skipIf(!canMount)('outlives a full disk: the gateway goes on, and so does the log', async () => {
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status).toBe(0)
    try {
      const log = gatewayLog(folder)
      const full = writeFile(join(folder, 'holidays'), new Uint8Array(128 * 1024))
      await expect(full).rejects.toMatchObject({ code: 'ENOSPC' })
      for (let number = 0; number < 100; number += 1) log.info({ number }, 'x'.repeat(100))
      await rm(join(folder, 'holidays'))
      log.info({}, 'there is room again')
      await vi.waitFor(async () => {
        const lines = await linesOf()
        expect(lines.at(-1)).toContain('there is room again')
        expect(lines).toHaveLength(101)
      })
    } finally {
      spawnSync('umount', ['-l', folder])
    }
  })
})
