import { z } from 'zod'
import { type Hours, MINUTES_OF_DAY } from '../rules/trade-rules/rule.ts'

function minuteOf(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number)
  return (hours * 60 + minutes) % MINUTES_OF_DAY
}

const time = () =>
  z
    .string('expected a time as 18:30')
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'expected a time as 18:30')
    .transform(minuteOf)

/** A part of the day as people write it: `{"from":"18:30","until":"20:00"}`. */
export const hoursField = () =>
  z
    .strictObject({ from: time(), until: time() })
    .transform(({ from, until }): Hours => ({ fromMinute: from, untilMinute: until }))
