import { describe, expect, it } from 'vitest'
import { useBySteps } from '../../protocols/rules/use-history.ts'
import { faultOf } from './thrown.ts'

const mark = (atMs: number, register: number) => ({ atMs, register })
const steps = (...marks: readonly ReturnType<typeof mark>[]) => useBySteps(marks, 100, 24)

describe('use by steps of 100 ms', () => {
  it('begins with the first whole step and ends with the last', () => {
    expect(steps(mark(100, 5), mark(300, 9))).toEqual({ stepsPerDay: 24, firstStep: 1, used: [2, 2] })
    expect(steps(mark(101, 5), mark(299, 9))).toEqual({ stepsPerDay: 24, firstStep: 2, used: [] })
    expect(steps(mark(150, 5), mark(350, 25))).toEqual({ stepsPerDay: 24, firstStep: 2, used: [10] })
    expect(steps()).toEqual({ stepsPerDay: 24, firstStep: 0, used: [] })
  })

  it('takes the register of a mark that lies at a step’s end as it is', () => {
    expect(steps(mark(0, 0), mark(100, 7), mark(200, 7), mark(300, 8)).used).toEqual([7, 0, 1])
  })

  it('takes the later of two marks at one moment', () => {
    expect(steps(mark(0, 0), mark(100, 3), mark(100, 5), mark(200, 9)).used).toEqual([5, 4])
    expect(steps(mark(0, 1), mark(100, 3), mark(100, 5)).used).toEqual([4])
    expect(steps(mark(100, 3), mark(100, 5)).used).toEqual([])
  })

  it('rises evenly between marks, rounded down', () => {
    expect(steps(mark(50, 0), mark(350, 10)).used).toEqual([4, 3])
    const large = 2 ** 52
    expect(steps(mark(0, large), mark(200, large + 3)).used).toEqual([1, 2])
  })

  it('refuses a register that falls and a step that is no positive integer', () => {
    const wrong = (work: () => unknown) => {
      const fault = faultOf(work)
      return [fault?.code, fault?.facts['field'], fault?.facts['got']]
    }
    expect(wrong(() => steps(mark(0, 5), mark(250, 4)))).toEqual(['bad-field', 'register', '4'])
    expect(steps(mark(0, 5), mark(250, 5)).used).toEqual([0, 0])
    for (const stepMs of [0, -1, 1.5]) {
      expect(wrong(() => useBySteps([], stepMs, 24))).toEqual(['bad-field', 'stepMs', String(stepMs)])
    }
    expect(useBySteps([mark(0, 0), mark(2, 4)], 1, 24).used).toEqual([2, 2])
  })
})
