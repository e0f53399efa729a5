import { delimiter } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { builtIn } from '../../chain/network/geth/install.ts'
import { wallClock } from '../clock.ts'
import { aptLine, examine, missingPackages, type Finding } from '../doctor/checks.ts'
import { thisComputer, type Computer } from '../doctor/computer.ts'
import { gethPlaces } from '../host/cache-folder.ts'

interface DoctorFlags {
  readonly fix?: true
  readonly json?: true
}

/** Adds `meterhood doctor`. */
export function registerDoctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('look whether this computer has what a community and its specs need')
    .option('--fix', 'install missing Debian packages (as root)')
    .option('--json', 'print the findings as JSON')
    .action(async (flags: DoctorFlags) => {
      const places = gethPlaces()
      const searchPath = [builtIn(places), places.searchPath].join(delimiter)
      const computer = thisComputer(productFolder(), wallClock, searchPath)
      process.exitCode = await runDoctor(computer, flags)
    })
}

/**
 * Examines, repairs if asked, prints; 0 only when everything required is there, and a repair asked for
 * succeeded.
 */
export async function runDoctor(computer: Computer, flags: DoctorFlags): Promise<number> {
  const repaired = flags.fix !== true || repair(computer)
  const findings = await examine(computer)
  const ok = repaired && findings.every((finding) => finding.ok || !finding.required)
  console.log(
    flags.json === true
      ? JSON.stringify({ ok, findings })
      : findingsText(findings, missingPackages(computer)),
  )
  return ok ? 0 : 1
}

/** Installs what is missing of the package list; only root may. */
function repair(computer: Computer): boolean {
  const missing = missingPackages(computer)
  if (missing.length === 0) return true
  if (!computer.root) {
    console.error(`doctor: --fix needs root; run: sudo ${aptLine(missing)}`)
    return false
  }
  const args = ['install', '-y', '--no-install-recommends', ...missing]
  return computer.show('apt-get', ['update', '-qq']) && computer.show('apt-get', args)
}

function findingsText(findings: readonly Finding[], missing: readonly string[]): string {
  const width = Math.max(...findings.map(({ name }) => name.length))
  const lines = findings.flatMap(({ name, ok, required, found, without, fix }) => {
    const mark = ok ? '✓' : required ? '✗' : '–'
    const line = `${mark} ${name.padEnd(width)}  ${found}`
    if (ok) return [line]
    const kind = required ? 'required' : 'optional'
    return [line, `  ${' '.repeat(width)}  ${kind}: without it ${without}; fix: ${fix ?? 'none known'}`]
  })
  const lacks = findings.filter(({ ok, required }) => required && !ok)
  const verdict =
    lacks.length === 0 ? 'A community can run here.' : `Missing: ${lacks.map(({ name }) => name).join(', ')}.`
  const line = missing.length === 0 ? [] : [`For all specs: ${aptLine(missing)}`]
  return [...lines, '', verdict, ...line].join('\n')
}

/** The folder with package.json: two above this file in the sources, three in dist/. */
function productFolder(): string {
  const up = import.meta.url.endsWith('.ts') ? '../..' : '../../..'
  return fileURLToPath(new URL(up, import.meta.url))
}
