import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/*
 * `npm run mutation -- [GROUP] [FILE…]`: changes the sources in small ways and runs the fast specs of the
 * group against each change; a change that no spec minds is a survivor. One group, or some files of it, at a
 * time. What was found of a file is kept in build/mutation until the file or a spec changes.
 */

const ROOT = new URL('..', import.meta.url).pathname

interface Group {
  readonly files: readonly string[]
  readonly specs: readonly string[]
  /** The least part of the mutants that must be noticed; null where none is promised. */
  readonly leastPercent: number | null
  /** Counts as well what acts while a file is loaded, such as a chart or a label: all specs run for each. */
  readonly isLoadingCounted?: boolean
}

/** Notices a file that cannot be loaded any more: specs that begin with it have no tests then, which pass. */
const LOADING = 'specs/loading.spec.ts'

const GROUPS: Readonly<Record<string, Group>> = {
  rules: {
    files: ['protocols/rules/**/*.ts'],
    specs: [
      'specs/rules/!(finality|dirty-history|hostile-frames).spec.ts',
      'specs/market/{clear,lot-price,preferences,simulate,trade-rules,trade-rules-door}.spec.ts',
    ],
    leastPercent: 90,
  },
  crypto: {
    files: ['protocols/crypto/*.ts'],
    specs: ['specs/crypto/!(recovery-pool|keyring|messages).spec.ts', LOADING],
    leastPercent: 90,
    isLoadingCounted: true,
  },
  messages: {
    files: ['protocols/messages/*.ts'],
    specs: [
      'specs/messages/*.spec.ts',
      'specs/crypto/!(recovery-pool|keyring|points|proofs).spec.ts',
      'specs/p2p/{messages,peer-record,notices}.spec.ts',
      'specs/market/{preferences,trade-rules-door}.spec.ts',
    ],
    leastPercent: null,
  },
  auction: {
    files: ['actors/auction/*/machine.ts', 'protocols/rules/clear.ts', 'protocols/rules/auction-phase.ts'],
    specs: [
      'specs/rules/auction-phase.spec.ts',
      'specs/machines/auction-charts.spec.ts',
      'specs/market/clear.spec.ts',
      LOADING,
    ],
    leastPercent: 90,
    isLoadingCounted: true,
  },
  machines: {
    files: ['actors/**/machine.ts', 'actors/contract-proxy/intent-machine.ts'],
    specs: [
      'specs/machines/!(disputes|board-link|calibration|charts|trees).spec.ts',
      'specs/proxy/machines.spec.ts',
    ],
    leastPercent: null,
  },
}

const reportSchema = z.object({
  files: z.record(z.string(), z.object({ mutants: z.array(z.object({ status: z.string() })) })),
})

const NOTICED = ['Killed', 'Timeout']
const ALIVE = ['Survived', 'NoCoverage']

interface Tally {
  /** Mutants that compile, and that a spec can meet: not those of values made once when a file is loaded. */
  readonly counted: number
  readonly alive: number
  readonly percent: number
}

function tallyOf(statuses: readonly string[]): Tally {
  const noticed = statuses.filter((status) => NOTICED.includes(status)).length
  const alive = statuses.filter((status) => ALIVE.includes(status)).length
  const counted = noticed + alive
  return { counted, alive, percent: counted === 0 ? 100 : (100 * noticed) / counted }
}

function line({ counted, alive, percent }: Tally, of: string): string {
  const live = `${String(alive).padStart(4)} of ${String(counted).padStart(4)} live`
  return `${percent.toFixed(1).padStart(6)} %  ${live}  ${of}`
}

/** Prints the score of each file, and of the group; false when it is under what is promised. */
function judged(name: string, { leastPercent }: Group): boolean {
  const { files } = reportSchema.parse(
    JSON.parse(readFileSync(join(ROOT, `build/mutation/${name}.json`), 'utf8')),
  )
  const statusesOf = ({ mutants }: (typeof files)[string]) => mutants.map(({ status }) => status)
  const byName = Object.entries(files).sort(([one], [other]) => (one < other ? -1 : 1))
  for (const [file, mutants] of byName) console.log(line(tallyOf(statusesOf(mutants)), file))
  const total = tallyOf(Object.values(files).flatMap(statusesOf))
  console.log(line(total, leastPercent === null ? name : `${name}, of ${leastPercent} %`))
  return leastPercent === null || total.percent >= leastPercent
}

/** Only the types of the group and of what it imports: asking the whole house takes far longer. */
function typesOf(name: string, { files }: Group): string {
  const folder = join(ROOT, 'build/mutation')
  const path = join(folder, `${name}.tsconfig.json`)
  mkdirSync(folder, { recursive: true })
  const include = files.map((file) => `../../${file}`)
  writeFileSync(path, JSON.stringify({ extends: '../../tsconfig.json', include, exclude: [] }))
  return path
}

function mutate(name: string, group: Group, files: readonly string[]): boolean {
  const env = {
    ...process.env,
    METERHOOD_MUTATION_GROUP: name,
    METERHOOD_MUTATION_FILES: JSON.stringify(files.length > 0 ? files : group.files),
    METERHOOD_MUTATION_TYPES: typesOf(name, group),
    METERHOOD_MUTATION_SPECS: JSON.stringify(group.specs),
    METERHOOD_MUTATION_LOADING: JSON.stringify(group.isLoadingCounted ?? false),
  }
  const stryker = join(ROOT, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  const { status } = spawnSync(process.execPath, [stryker, 'run'], { cwd: ROOT, env, stdio: 'inherit' })
  return status === 0 && judged(name, group)
}

const [name, ...files] = process.argv.slice(2)
const chosen = Object.entries(GROUPS).filter(([each]) => name === undefined || each === name)
if (chosen.length === 0) {
  console.error(`mutation: there is no "${name ?? ''}"; choose ${Object.keys(GROUPS).join(', ')}`)
  process.exit(2)
}
const results = chosen.map(([each, group]) => mutate(each, group, files))
process.exit(results.every(Boolean) ? 0 : 1)
