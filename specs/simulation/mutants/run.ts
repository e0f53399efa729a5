import { parseArgs } from 'node:util'
import { draw, searchDrawn } from './drawn.ts'
import { keptMutants, searchKept } from './kept.ts'
import { SEARCH } from './workplace.ts'

const HELP = `npm run simulate:mutants                        every kept bug must be found
npm run simulate:mutants -- --draw 30 --seed S  bugs drawn by a seed; prints how many are found
  --only WORD          only kept bugs whose name has the word
  --homes N --days N   the community that looks for them (12 homes, 4 days)
`

const { values } = parseArgs({
  options: {
    draw: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '1' },
    homes: { type: 'string', default: String(SEARCH.homes) },
    days: { type: 'string', default: String(SEARCH.days) },
    help: { type: 'boolean', default: false },
  },
})

const say = (text: string): void => void process.stdout.write(`${text}\n`)
const search = { ...SEARCH, homes: Number(values.homes), days: Number(values.days) }
const told = (found: boolean, tookMs: number): string => {
  return `${found ? 'found   ' : 'survived'} ${(tookMs / 1000).toFixed(0).padStart(4)} s `
}

async function kept(): Promise<boolean> {
  const mutants = keptMutants().filter(({ name }) => name.includes(values.only))
  const found = await searchKept(
    mutants,
    ({ name, what }, { found: is, by, tookMs }) => {
      say(`${told(is, tookMs)} ${name}: ${what}${is ? ` Found by: ${by}.` : ''}`)
    },
    search,
  )
  say(`${found} of ${mutants.length} kept mutants found`)
  return found === mutants.length
}

async function drawn(count: number): Promise<boolean> {
  const mutants = draw(count, values.seed)
  const found = await searchDrawn(
    mutants,
    ({ file, line, operator, before, text }, { found: is, by, tookMs }) => {
      const change = text === '' ? `without ${before}` : `${before} → ${text}`
      say(`${told(is, tookMs)} ${file}:${line} ${operator}: ${change}${is ? `  (${by})` : ''}`)
    },
    search,
  )
  say(`${found} of ${mutants.length} drawn mutants found (seed ${values.seed})`)
  return true
}

if (values.help) say(HELP)
else process.exitCode = (await (values.draw === undefined ? kept() : drawn(Number(values.draw)))) ? 0 : 1
