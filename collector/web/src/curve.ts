/** Readings as a curve needs them: lines of numbers on one time axis, and spans for flags. */

import type { PointRef, Readings, Sample, TicketDetail } from './api-types'
import { isOpen } from './tickets'

const MINUTE = 60_000
const BEFORE_MS = 60 * MINUTE
const AFTER_MS = 30 * MINUTE
const LONGEST_MS = 48 * 60 * MINUTE

/** What of the ticket's time is worth seeing: an hour before it began until now, or until it was over. */
export function windowOf(ticket: TicketDetail, now: number): { since: Date; until: Date } {
  const changed = Date.parse(ticket.updated_at)
  const end = isOpen(ticket) ? Math.max(now, changed) : Math.min(now, changed + AFTER_MS)
  const since = Math.max(Date.parse(ticket.since) - BEFORE_MS, end - LONGEST_MS)
  return { since: new Date(since), until: new Date(end) }
}

/** Milliseconds since 1970; null breaks the line, undefined means that this point said nothing at that time. */
export interface Line extends PointRef {
  values: (number | null | undefined)[]
  low: number
  high: number
  last: number
}
export interface Flag extends PointRef {
  spans: [number, number][]
}
export interface Curve {
  times: number[]
  lines: Line[]
  flags: Flag[]
}

export function curveOf(readings: Readings, points: readonly PointRef[]): Curve {
  const found = points.map((point) => ({ point, samples: readings.points[point.point] ?? [] }))
  const numeric = found.filter(({ samples }) => samples.some(([, value]) => typeof value === 'number'))
  const times = [...new Set(numeric.flatMap(({ samples }) => samples.map(([at]) => at)))].sort((a, b) => a - b)
  const flags = found.filter(({ samples }) => samples.some(([, value]) => typeof value === 'boolean'))
  const end = Math.max(...found.flatMap(({ samples }) => samples.slice(-1).map(([at]) => at)))
  return {
    times,
    lines: numeric.map(({ point, samples }) => lineOf(point, samples, times)),
    flags: flags.map(({ point, samples }) => ({ ...point, spans: spansOf(samples, end) })),
  }
}

function lineOf(point: PointRef, samples: Sample[], times: number[]): Line {
  const at = new Map(samples.map(([time, value]) => [time, typeof value === 'number' ? value : null]))
  const numbers = [...at.values()].filter((value) => value !== null)
  return {
    ...point,
    values: times.map((time) => at.get(time)),
    low: numbers.reduce((a, b) => Math.min(a, b)),
    high: numbers.reduce((a, b) => Math.max(a, b)),
    last: numbers[numbers.length - 1] ?? Number.NaN,
  }
}

/** From each time the flag was set until it was not, or until the curve ends. */
function spansOf(samples: Sample[], end: number): [number, number][] {
  const spans: [number, number][] = []
  let began: number | null = null
  for (const [at, value] of samples) {
    if (value === true) began ??= at
    else if (began !== null) {
      spans.push([began, at])
      began = null
    }
  }
  if (began !== null) spans.push([began, end])
  return spans
}
