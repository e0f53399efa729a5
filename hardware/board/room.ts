const DAY_MS = 86_400_000

/**
 * The climate of a room over the day, for boards whose home has no recorded one: warmest and driest at 16 h.
 */
export function roomClimate(timeOfDayMs: number): { celsius: number; humidity: number } {
  const warmth = Math.cos((2 * Math.PI * (timeOfDayMs - (16 / 24) * DAY_MS)) / DAY_MS)
  return { celsius: 21 + 2 * warmth, humidity: 50 - 8 * warmth }
}
