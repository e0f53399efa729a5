import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the built app lies: `dist/web/app` below the package, from the sources and from the build alike. */
export function builtAppFolder(): string {
  return join(packageRoot(dirname(fileURLToPath(import.meta.url))), 'dist', 'web', 'app')
}

/** Where the built page of the state charts lies. */
export function builtInspectFolder(): string {
  return join(packageRoot(dirname(fileURLToPath(import.meta.url))), 'dist', 'web', 'inspect')
}

/** Whether the app was built there. */
export function isBuilt(folder: string): boolean {
  return existsSync(join(folder, 'index.html'))
}

function packageRoot(from: string): string {
  const manifest = join(from, 'package.json')
  if (existsSync(manifest) && readFileSync(manifest, 'utf8').includes('"name": "meterhood"')) return from
  const above = dirname(from)
  return above === from ? process.cwd() : packageRoot(above)
}
