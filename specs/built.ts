import { spawnSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What is compiled into dist/. */
const SOURCES = ['actors', 'bench', 'bin', 'chain', 'hardware', 'protocols', 'specs/simulation', 'web']
/** Written at the end of each build. */
const STAMP = 'dist/.built'

const changedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0

function newestIn(folder: string): number {
  const inside = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return newestIn(path)
    return /\.(ts|html|css)$/.test(entry.name) ? changedMs(path) : 0
  })
  return Math.max(0, ...inside)
}

/** Specs that run the command run what users get: dist/ is made anew where a source is younger than it. */
export default function build(): void {
  const isStale = SOURCES.some((folder) => newestIn(folder) > changedMs(STAMP))
  if (!isStale) return
  const { status } = spawnSync(process.execPath, ['bin/build.mjs'], { stdio: 'inherit' })
  if (status !== 0) throw new Error('bin/build.mjs: the sources do not compile; npm run check says where')
}
