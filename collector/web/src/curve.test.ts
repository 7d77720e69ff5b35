import { describe, expect, it } from 'vitest'
import { curveOf, windowOf } from './curve'
import { DEFROST, detail, TEMPERATURE } from './testing/samples'

const iso = ({ since, until }: { since: Date; until: Date }): string[] => [since.toISOString(), until.toISOString()]

describe('the span of a curve', () => {
  it('is from an hour before the fault until now', () => {
    const now = Date.parse('2026-07-15T03:00:00Z')
    expect(iso(windowOf(detail(), now))).toEqual(['2026-07-15T01:00:00.000Z', '2026-07-15T03:00:00.000Z'])
  })

  it('ends half an hour after a ticket was closed', () => {
    const now = Date.parse('2026-07-16T00:00:00Z')
    expect(iso(windowOf(detail({ state: 'closed' }), now))[1]).toBe('2026-07-15T03:00:00.000Z')
  })

  it('is no longer than two days', () => {
    const { since, until } = windowOf(detail(), Date.parse('2026-07-25T00:00:00Z'))
    expect(until.getTime() - since.getTime()).toBe(48 * 3_600_000)
  })
})

describe('a curve', () => {
  const curve = curveOf(
    {
      points: {
        'temp.control': [[0, -20, 'good'], [60, null, 'no_answer'], [120, -10.5, 'good']],
        'temp.air_off': [[30, -22, 'good'], [120, -21, 'good']],
        'defrost.active': [[0, false, 'good'], [40, true, 'good'], [80, true, 'good'], [100, false, 'good'], [110, true, 'good']],
      },
    },
    [TEMPERATURE, { ...TEMPERATURE, point: 'temp.air_off' }, DEFROST, { ...TEMPERATURE, point: 'temp.product' }],
  )

  it('has one time axis for all lines', () => expect(curve.times).toEqual([0, 30, 60, 120]))

  it('breaks where a reading was bad, and not where another point spoke', () => {
    expect(curve.lines.map((line) => line.values)).toEqual([
      [-20, undefined, null, -10.5],
      [undefined, -22, undefined, -21],
    ])
  })

  it('knows its extremes and its last value', () => {
    expect(curve.lines[0]).toMatchObject({ low: -20, high: -10.5, last: -10.5 })
  })

  it('shades the time in which a flag was set, to its end', () => {
    expect(curve.flags.map((flag) => flag.spans)).toEqual([[[40, 100], [110, 120]]])
  })

  it('is empty without readings', () => {
    expect(curveOf({ points: {} }, [TEMPERATURE, DEFROST])).toEqual({ times: [], lines: [], flags: [] })
  })
})
