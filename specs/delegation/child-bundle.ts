import { mkdirSync, mkdtempSync } from 'node:fs'
import { basename, join } from 'node:path'
import { build } from 'vite'

const ROOT = new URL('../..', import.meta.url).pathname
const WATCHING_CHILD = 'specs/delegation/watching-child.ts'
const CACHE = join(ROOT, 'node_modules', '.vite')
/** Packages with native parts cannot be bundled. */
const NATIVE = ['libsql', 'serialport']
const CONDITIONS = ['development', 'node', 'module']

/** A child that is killed a hundred times has to start fast: in one file it does in a quarter of the time. */
export async function bundleChild(
  child = WATCHING_CHILD,
): Promise<{ readonly file: string; readonly folder: string }> {
  mkdirSync(CACHE, { recursive: true })
  // Where what is not bundled is found, too.
  const folder = mkdtempSync(join(CACHE, `${basename(child, '.ts')}-`))
  await build({
    root: ROOT,
    configFile: false,
    logLevel: 'warn',
    mode: 'development',
    publicDir: false,
    resolve: { conditions: CONDITIONS },
    // A counted run listens to the machines of the child, too: then their library is not in the bundle.
    ssr: {
      noExternal: true,
      external: process.env['METERHOOD_COVERAGE'] === undefined ? NATIVE : [...NATIVE, 'xstate'],
      resolve: { conditions: CONDITIONS },
    },
    build: { ssr: child, outDir: folder, minify: false, target: 'node20' },
  })
  return { file: join(folder, `${basename(child, '.ts')}.js`), folder }
}
