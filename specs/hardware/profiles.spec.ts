import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { defaultProfilesFolder } from '../../hardware/board/firmware-files.ts'
import { loadProfiles, parseProfiles, profileOfHome } from '../../hardware/board/profiles.ts'
import type { ProfileTable } from '../../hardware/board/profiles.ts'
import { Fault } from '../../protocols/rules/fault.ts'

const parse = (electricity: string, pv?: string, water?: string): ProfileTable =>
  parseProfiles({
    folder: 'data',
    electricity: { name: 'electricity_w.csv', text: electricity },
    ...(pv !== undefined && { pv: { name: 'pv_w.csv', text: pv } }),
    ...(water !== undefined && { water: { name: 'water_l.csv', text: water } }),
  })

function faultOf(act: () => unknown): Fault {
  try {
    act()
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown
  }
  throw new Error('no fault was thrown')
}

const GOOD = 'time,A,B\n2021-06-01T00:00,100,200\n2021-06-01T00:15,150.5,0\n'

describe('a profiles folder', () => {
  it('that is committed has 40 homes of 2,880 quarters of an hour', async () => {
    const table = await loadProfiles(defaultProfilesFolder())
    expect(table.stepMs).toBe(900_000)
    expect(table.homes).toHaveLength(40)
    expect(
      table.homes.every(({ loadMw, waterUl }) => loadMw.length === 2880 && waterUl.length === 2880),
    ).toBe(true)
    expect(table.homes[0]?.loadMw.slice(0, 2)).toEqual([384_000, 254_000])
  })

  it('gives home k the k-th column of electricity, and the others by name', () => {
    const pv = 'time,B,Z\n2021-06-01T00:00,7,1\n2021-06-01T00:15,8,1\n'
    const water = 'time,Z,B,A\n2021-06-01T00:00,0,0.4,5.9\n2021-06-01T00:15,0,0,1\n'
    const table = parse(GOOD, pv, water)
    expect(profileOfHome(table, 1, 2)).toEqual({
      home: 'A',
      loadMw: [100_000, 150_500],
      pvMw: [],
      waterUl: [5_900_000, 1_000_000],
    })
    expect(profileOfHome(table, 2, 2)).toMatchObject({
      home: 'B',
      pvMw: [7_000, 8_000],
      waterUl: [400_000, 0],
    })
  })

  it('takes other steps, a byte order mark, CRLF, seconds since 1970 and zones', () => {
    expect(parse('\uFEFFtime,A\r\n1622505600,1\r\n1622505660,2\r\n').stepMs).toBe(60_000)
    expect(parse('time,A\n2021-06-01T00:00:00Z,1\n2021-06-01T03:00:00+02:00,2\n').stepMs).toBe(3_600_000)
  })

  it.each([
    ['a word for a number', GOOD.replace('200', 'two'), 2, 'B'],
    ['a negative number', GOOD.replace('150.5', '-1'), 3, 'A'],
    ['an empty cell', GOOD.replace('150.5', ''), 3, 'A'],
    ['NaN', GOOD.replace('100', 'NaN'), 2, 'A'],
    ['a value no home reaches', GOOD.replace('100', '1e9'), 2, 'A'],
    ['a row cut short', GOOD.replace(',0\n', '\n'), 3, 'row'],
    ['a time that is none', GOOD.replace('2021-06-01T00:15', 'noon'), 3, 'time'],
    ['rows out of order', GOOD.replace('T00:15', 'T00:00'), 3, 'time'],
    ['unequal steps', `${GOOD}2021-06-01T01:00,1,1\n`, 4, 'time'],
    ['a header without time', GOOD.replace('time', 'hour'), 1, 'time'],
    ['a home named twice', GOOD.replace('A,B', 'A,A'), 1, 'A'],
    ['a home without a name', GOOD.replace('A,B', 'A,'), 1, 'column 3'],
    ['no home', 'time\n2021-06-01T00:00\n2021-06-01T00:15\n', 1, 'home'],
    ['one row only', 'time,A\n2021-06-01T00:00,1\n', 2, 'time'],
    ['an open quote', GOOD.replace('100', '"100'), 3, 'row'],
    ['nothing in it', '', 1, 'time'],
  ])('with %s is refused; file, line and column are named', (_what, text, line, column) => {
    const fault = faultOf(() => parse(text))
    expect(fault.code).toBe('bad-profile')
    expect(fault.facts).toMatchObject({ file: 'electricity_w.csv', line, column })
    expect(fault.message).toContain(`electricity_w.csv line ${line} column ${column}`)
    expect(String(fault.facts.fix).length).toBeGreaterThan(3)
  })

  it('whose pv has another step than its electricity is refused', () => {
    const pv = 'time,A\n2021-06-01T00:00,1\n2021-06-01T01:00,1\n'
    expect(faultOf(() => parse(GOOD, pv)).message).toMatch(
      /pv_w.csv has steps of 3600 s, electricity_w.csv of 900 s/,
    )
  })

  it('with fewer columns than homes is an error that names both', () => {
    const fault = faultOf(() => profileOfHome(parse(GOOD), 1, 3))
    expect(fault.code).toBe('too-many-homes')
    expect(fault.message).toMatch(/3 homes asked for, data\/electricity_w.csv has 2 columns/)
  })

  it('without electricity_w.csv is an error that names the folder; without the others is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'meterhood-profiles-'))
    await expect(loadProfiles(folder)).rejects.toMatchObject({ code: 'profiles-missing' })
    await writeFile(join(folder, 'electricity_w.csv'), GOOD)
    expect((await loadProfiles(folder)).homes[1]?.waterUl).toEqual([])
    await rm(folder, { recursive: true })
  })
})
