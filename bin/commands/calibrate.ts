import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { channelsOf, QUANTITIES, type Quantity } from '../../protocols/rules/calibration.ts'
import { badField, codeOf, Fault, messageOf } from '../../protocols/rules/fault.ts'
import type { BoardView } from '../../web/read-model.ts'
import { openPageDoor, type PageDoor } from '../page-door.ts'

interface CalibrateFlags {
  readonly page: string
  readonly ca?: string
  readonly quantity?: string
  readonly reference?: string
  readonly reset?: true
  readonly json?: true
}

/** How people write a quantity, and how many of the gateway's units are in theirs. */
const WRITTEN: Readonly<Record<Quantity, { readonly unit: string; readonly decimals: number }>> = {
  voltage: { unit: 'V', decimals: 3 },
  current: { unit: 'A', decimals: 3 },
  power: { unit: 'W', decimals: 3 },
  temperature: { unit: '°C', decimals: 2 },
  humidity: { unit: '%', decimals: 1 },
}

function quantityOf(text: string): Quantity {
  const found = QUANTITIES.find((each) => each === text)
  if (found === undefined) throw badField('--quantity', QUANTITIES.join(', '), text)
  return found
}

const boardOf = (quantity: Quantity): BoardView['kind'] =>
  channelsOf('power').some((each) => each.quantity === quantity) ? 'power' : 'comfort'

/** What the reference shows, in the gateway's whole units; exact, since no fraction of two comes between. */
function referenceOf(quantity: Quantity, text: string): number {
  const { unit, decimals } = WRITTEN[quantity]
  const match = /^(-?\d{1,6})(?:\.(\d+))?$/.exec(text)
  const fraction = match?.[2] ?? ''
  if (match?.[1] === undefined || fraction.length > decimals) {
    throw badField('--reference', `what the reference shows in ${unit}, at most ${decimals} decimals`, text)
  }
  return Number(match[1] + fraction.padEnd(decimals, '0'))
}

interface Wanted {
  readonly board: BoardView['kind']
  readonly quantity: Quantity
  readonly reference: number | null
}

/** What the flags ask for; null to look only. */
function wantedOf({ quantity, reference, reset }: CalibrateFlags): Wanted | null {
  if (quantity === undefined) {
    if (reference === undefined && reset === undefined) return null
    throw badField('--quantity', QUANTITIES.join(', '), undefined, 'say what the reference measures')
  }
  const known = quantityOf(quantity)
  if ((reference === undefined) === (reset === undefined)) {
    throw badField('--reference', 'what the reference shows, or --reset', reference, 'give one of the two')
  }
  const shown = reference === undefined ? null : referenceOf(known, reference)
  return { board: boardOf(known), quantity: known, reference: shown }
}

const readable = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((thrown: unknown) => {
    throw badField('--ca', 'the certificate of the gateway’s trust page', path, messageOf(thrown))
  })

async function boardsOf(door: PageDoor): Promise<readonly BoardView[]> {
  const shown = await door.view()
  if (shown.role === 'home') return shown.boards
  throw new Fault('not-a-home', `--page: ${shown.name} is a community gateway; name the page of a home`)
}

const decimal = (amount: number, decimals: number): string => (amount / 10 ** decimals).toFixed(decimals)

function lineOf(board: BoardView, each: BoardView['calibration'][number]): string {
  const { unit, decimals } = WRITTEN[each.quantity]
  const measured = each.measured === null ? '–' : `${decimal(each.measured, decimals)} ${unit}`
  const gain = each.gainPpm === null ? 'not known here' : `gain ${decimal(each.gainPpm, 6)}`
  const offset = each.offset === null ? '' : `, offset ${decimal(each.offset, decimals)} ${unit}`
  const place = `(${board.kind}, ${board.link})`
  return `${each.quantity.padEnd(12)} ${measured.padStart(14)}   ${gain}${offset}   ${place}`
}

function tell(boards: readonly BoardView[], flags: CalibrateFlags): void {
  const rows = boards.flatMap((board) => board.calibration.map((each) => ({ board, each })))
  if (flags.json === true) {
    const plain = rows.map(({ board, each }) => ({ board: board.kind, link: board.link, ...each }))
    return console.log(JSON.stringify(plain))
  }
  for (const { board, each } of rows) console.log(lineOf(board, each))
}

async function runCalibrate(flags: CalibrateFlags): Promise<void> {
  const wanted = wantedOf(flags)
  const ca = flags.ca === undefined ? null : await readable(flags.ca)
  const door = await openPageDoor(flags.page, ca)
  if (wanted !== null) await door.act('calibrate', wanted)
  tell(await boardsOf(door), flags)
}

/** Adds `meterhood calibrate`. */
export function registerCalibrateCommand(program: Command): void {
  program
    .command('calibrate')
    .description('show what the boards of a home measure, or bring one in line with a reference instrument')
    .requiredOption('--page <link>', 'the link that the home’s gateway printed')
    .option('--quantity <name>', QUANTITIES.join(', '))
    .option('--reference <value>', 'what the reference shows: V, A, W, °C or %')
    .option('--reset', 'set the quantity back to how the board left the factory')
    .option('--ca <file>', 'the gateway’s certificate, from its trust page (https only)')
    .option('--json', 'print what the boards measure, and their settings, as JSON')
    .addHelpText('after', '\nLet a steady load run: at least 100 V, 1 A, 200 W for the power board.')
    .action(async (flags: CalibrateFlags) => {
      try {
        await runCalibrate(flags)
      } catch (thrown) {
        console.error(`calibrate: ${messageOf(thrown)}`)
        process.exitCode = codeOf(thrown) === 'bad-field' ? 2 : 1
      }
    })
}
