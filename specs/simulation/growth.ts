import { DEFAULTS } from './options.ts'
import { simulate } from './run.ts'

/*
 * `npm run simulate:growth`: what a simulated day costs communities of 10, 100 and 1,000 homes, in processor
 * time of this machine. A home's share must not grow with the community.
 */

const SIZES = [10, 100, 1_000]
const MICROS_PER_S = 1_000_000

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const column = (value: string | number): string => String(value).padStart(12)

async function row(homes: number): Promise<boolean> {
  const before = process.cpuUsage()
  const { counts, violations } = await simulate({ ...DEFAULTS, homes, days: 1 })
  const { user, system } = process.cpuUsage(before)
  const seconds = (user + system) / MICROS_PER_S
  const perHome = `${((seconds * 1000) / homes).toFixed(1)} ms`
  const told = [
    homes,
    `${seconds.toFixed(1)} s`,
    perHome,
    counts['calls'] ?? 0,
    counts['steps'] ?? 0,
    violations,
  ]
  say(told.map(column).join(''))
  return violations === 0
}

say(['homes', 'a day', 'a home', 'calls', 'steps', 'violations'].map(column).join(''))
let kept = true
for (const homes of SIZES) kept = (await row(homes)) && kept
process.exitCode = kept ? 0 : 1
