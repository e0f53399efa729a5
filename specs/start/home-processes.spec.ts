import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { processesOfHomes } from '../../bin/start/home-processes.ts'

const shared = (homes: number, cores: number): string[] => processesOfHomes({ homes, isolate: false }, cores)

describe('the processes that serve the homes of a run', () => {
  it('is one while one thread serves all with ease', () => {
    expect(new Set(shared(10, 8))).toEqual(new Set(['homes']))
  })

  it('are as many as there are cores when the homes are many', () => {
    expect(new Set(shared(40, 2))).toEqual(new Set(['homes-1', 'homes-2']))
    expect(new Set(shared(40, 64)).size).toBe(4)
  })

  it('share the homes evenly, each home in one of them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 16 }), (homes, cores) => {
        const names = shared(homes, cores)
        const loads = [...new Set(names)].map((name) => names.filter((each) => each === name).length)
        expect(names).toHaveLength(homes)
        expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1)
      }),
    )
  })

  it('are the homes’ own when they are isolated', () => {
    expect(processesOfHomes({ homes: 3, isolate: true }, 2)).toEqual(['home-01', 'home-02', 'home-03'])
  })
})
