import { lotText, sct, unitPriceText } from '../words/money.ts'

/** How pages write a rule: in the reader's own numbers. */
export const WRITING = { amount: lotText, unitPrice: unitPriceText, sct }
