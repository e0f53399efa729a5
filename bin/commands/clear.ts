import { readFile } from 'node:fs/promises'
import { buffer } from 'node:stream/consumers'
import type { Command } from 'commander'
import { type Orders, readOrders } from '../../protocols/messages/orders.ts'
import { clear, type Clearing } from '../../protocols/rules/clear.ts'
import { decimalOf } from '../../protocols/rules/decimal.ts'
import { badField, messageOf } from '../../protocols/rules/fault.ts'

interface ClearFlags {
  readonly json?: true
  readonly strict?: true
}

/** Exit codes: an auction without a winner is an answer too. */
const CLEARED = 0
const UNREADABLE = 2

/** Adds `meterhood clear`. */
export function registerClearCommand(program: Command): void {
  program
    .command('clear <orders>')
    .description(
      'clear one auction by the rule of the market: orders as a JSON file, or - for standard input',
    )
    .option('--json', 'print winner, winning bid, price and reason as JSON')
    .option('--strict', 'the paper’s rule: nobody wins when the second lowest offer is above the cap')
    .addHelpText(
      'after',
      '\nOrders: [{"id":"b1","user":"ana","side":"bid","price":20,"qty":2}, {… "side":"offer" …}]',
    )
    .action(async (file: string, flags: ClearFlags) => {
      process.exitCode = await runClear(file, flags)
    })
}

/** Clears, prints, and answers the exit code: 0 cleared (also without a winner), 2 no orders. */
export async function runClear(file: string, flags: ClearFlags): Promise<number> {
  try {
    const orders = readOrders(file === '-' ? 'standard input' : file, await bytesOf(file))
    const cleared = clear(orders.offers, orders.cap, { strict: flags.strict === true })
    console.log(flags.json === true ? clearingJson(cleared) : clearingText(orders, cleared))
    return CLEARED
  } catch (thrown) {
    console.error(`clear: ${messageOf(thrown)}`)
    return UNREADABLE
  }
}

async function bytesOf(file: string): Promise<Uint8Array> {
  if (file === '-') return buffer(process.stdin)
  try {
    return await readFile(file)
  } catch (thrown) {
    throw badField('orders', 'a file that can be read', `${file} (${messageOf(thrown)})`, 'check its path')
  }
}

/** The numbers are written from their millionths: what the file said, digit for digit. */
function clearingJson({ winner, winningBid, price, reason }: Clearing<number>): string {
  const number = (micro: number | null) => (micro === null ? null : Number(decimalOf(micro)))
  return JSON.stringify({ winner, winningBid: number(winningBid), price: number(price), reason })
}

const counted = (count: number) => (count === 1 ? 'the only offer' : `the lowest of ${count} offers`)

function clearingText({ offers, cap, buyer }: Orders, cleared: Clearing<number>): string {
  const most = decimalOf(cap)
  switch (cleared.reason) {
    case 'no-offers':
      return `Nobody wins: ${buyer} bids up to ${most}, and nobody offers.`
    case 'none-under-cap':
      return `Nobody wins: no offer is at or below ${buyer}’s cap of ${most}.`
    case 'second-above-cap':
      return `Nobody wins: by the strict rule the second lowest may not be above ${buyer}’s cap of ${most}.`
    case null: {
      const paid = decimalOf(cleared.price)
      const capped = offers.length === 1 ? 'the cap, as nobody else offers' : 'the cap'
      const why = cleared.price === cap ? capped : 'the second lowest offer'
      return (
        `${cleared.winner} wins with ${decimalOf(cleared.winningBid)}, ${counted(offers.length)}.\n` +
        `${buyer} pays ${paid}: ${why}.`
      )
    }
  }
}
