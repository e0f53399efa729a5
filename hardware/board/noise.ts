/**
 * A seeded source of normally distributed numbers (mean 0, deviation 1): xorshift32 through Box and Muller.
 */
export function createNoise(seed: number): () => number {
  let state = seed | 0 || 0x9e3779b9
  let spare: number | undefined
  const uniform = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return ((state >>> 0) + 0.5) / 0x1_0000_0000
  }
  return () => {
    if (spare !== undefined) {
      const value = spare
      spare = undefined
      return value
    }
    const radius = Math.sqrt(-2 * Math.log(uniform()))
    const angle = 2 * Math.PI * uniform()
    spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }
}
