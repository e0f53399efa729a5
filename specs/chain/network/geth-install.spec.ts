import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { findGeth, GETH_VERSION, installGeth, linkFlags } from '../../../chain/network/geth/install.ts'
import { codeOf } from '../../../protocols/rules/fault.ts'
import { temporary } from './geth-lab.ts'

/** A program that says of itself what a Geth of this version does. */
function fakeGeth(folder: string, version: string): string {
  return program(folder, 'geth', `echo 'Geth'; echo 'Version: ${version}-stable'`)
}

function program(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

/** A Go that writes down how it was called and puts a Geth of this version in place. */
function fakeGo(folder: string, builds: string): void {
  const says = `#!/bin/sh\\necho "Version: ${builds}-stable"\\n`
  const geth = `printf '${says}' > "$GOBIN/geth"; chmod 755 "$GOBIN/geth"`
  program(
    folder,
    'go',
    `if [ "$1" = env ]; then echo go1.26.8; exit; fi; echo "$@" > '${folder}/called'; ${geth}`,
  )
}

it('takes the Geth on the PATH when its version is right, else one that it built before', async () => {
  const [right, wrong, cacheFolder] = [temporary(), temporary(), temporary()]
  const program13 = fakeGeth(right, GETH_VERSION)
  fakeGeth(wrong, '1.14.0')
  expect(await findGeth({ searchPath: `${wrong}:${right}`, cacheFolder })).toBe(program13)
  const built = fakeGeth(join(cacheFolder, `geth-${GETH_VERSION}`), GETH_VERSION)
  expect(await findGeth({ searchPath: wrong, cacheFolder })).toBe(built)
})

it('names the version that it found and what to run when it is another one', async () => {
  const folder = temporary()
  fakeGeth(folder, '1.14.0')
  const finding = findGeth({ searchPath: folder, cacheFolder: temporary() })
  await expect(finding).rejects.toThrow(/is 1\.14\.0; 1\.13\.15 is needed: run "npx meterhood chain install"/)
})

it('builds the exact version with Go, and the flag that the linker of newer Go needs', async () => {
  const [go, cacheFolder] = [temporary(), temporary()]
  fakeGo(go, GETH_VERSION)
  const places = { searchPath: go, cacheFolder }
  const { program: built, built: fresh } = await installGeth(places)
  expect(fresh).toBe(true)
  expect(readFileSync(join(go, 'called'), 'utf8').trim()).toBe(
    'install -ldflags=-checklinkname=0 github.com/ethereum/go-ethereum/cmd/geth@v1.13.15',
  )
  expect(await installGeth(places)).toEqual({ program: built, built: false })
  expect([linkFlags('go1.22.9'), linkFlags('go1.23'), linkFlags('go2.0')]).toEqual([
    [],
    ['-ldflags=-checklinkname=0'],
    ['-ldflags=-checklinkname=0'],
  ])
})

it('keeps nothing that says another version than was asked for, and says so without Go', async () => {
  const [go, cacheFolder] = [temporary(), temporary()]
  fakeGo(go, '1.13.14')
  const places = { searchPath: go, cacheFolder }
  expect(codeOf(await installGeth(places).catch((thrown: unknown) => thrown))).toBe('geth-build')
  expect(codeOf(await findGeth(places).catch((thrown: unknown) => thrown))).toBe('no-geth')
  const without = { searchPath: temporary(), cacheFolder: temporary() }
  expect(codeOf(await installGeth(without).catch((thrown: unknown) => thrown))).toBe('no-go')
})
