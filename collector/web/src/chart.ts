/** Draws a curve; the only file that speaks to uPlot, and loaded only when a curve is looked at. */

import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { Curve, Line } from './curve'

export interface Wording {
  axisTime(at: number): string
  axisNumber(value: number, line: Line): string
  limit: string
  began: string
}

export interface Frame {
  since: number
  until: number
  began: number
  limit: number | null
  timezone: string
}

/** How lines are told apart without their colour. */
export const DASHES: readonly (readonly number[])[] = [[], [7, 4], [2, 4]]
const HEIGHT = 250
const FONT = '12px system-ui, sans-serif'

export interface Drawn {
  resize(width: number): void
  destroy(): void
}

/** `onlook` is told which of `curve.times` the reader points at. */
export function draw(host: HTMLElement, curve: Curve, frame: Frame, words: Wording, onlook: (at: number | null) => void): Drawn {
  const ink = inks(host)
  const units = [...new Set(curve.lines.map((line) => line.unit))]
  const options: uPlot.Options = {
    width: host.clientWidth,
    height: HEIGHT,
    ms: 1,
    tzDate: (at) => uPlot.tzDate(new Date(at), frame.timezone),
    legend: { show: false },
    padding: [16, 8, 0, 0],
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 9 } },
    scales: { x: { time: true, range: [frame.since, frame.until] }, ...scales(curve, units, frame.limit) },
    axes: [timeAxis(ink, words), ...units.slice(0, 2).map((unit, at) => numberAxis(ink, curve, unit, at, words))],
    series: [{}, ...curve.lines.map((line, at) => series(line, at, ink))],
    hooks: {
      drawClear: [(plot) => paintFlags(plot, curve, ink)],
      draw: [(plot) => paintMarks(plot, curve, frame, words, ink)],
      setCursor: [(plot) => onlook(plot.cursor.idx ?? null)],
    },
  }
  const plot = new uPlot(options, [curve.times, ...curve.lines.map((line) => line.values)], host)
  return { resize: (width) => plot.setSize({ width, height: HEIGHT }), destroy: () => plot.destroy() }
}

type Inks = Record<'ink' | 'soft' | 'line' | 'critical' | 'shade' | 'accent' | 'low' | 'high', string>

function inks(host: HTMLElement): Inks {
  const style = getComputedStyle(host)
  const token = (name: string): string => style.getPropertyValue(name).trim()
  return {
    ink: token('--ink'),
    soft: token('--ink-soft'),
    line: token('--line'),
    critical: token('--critical'),
    shade: token('--shade'),
    accent: token('--accent'),
    low: token('--low'),
    high: token('--high'),
  }
}

function scales(curve: Curve, units: string[], limit: number | null): uPlot.Scales {
  return Object.fromEntries(units.map((unit, at) => [unit, { range: () => rangeOf(curve, unit, at === 0 ? limit : null) }]))
}

/** All values of that unit, the limit, and a little air. */
function rangeOf(curve: Curve, unit: string, limit: number | null): [number, number] {
  const lines = curve.lines.filter((line) => line.unit === unit)
  const marks = limit === null ? [] : [limit]
  const low = Math.min(...lines.map((line) => line.low), ...marks)
  const high = Math.max(...lines.map((line) => line.high), ...marks)
  const air = Math.max((high - low) * 0.08, 0.5)
  return [low - air, high + air]
}

function timeAxis(ink: Inks, words: Wording): uPlot.Axis {
  return {
    stroke: ink.soft,
    font: FONT,
    space: 64,
    size: 32,
    grid: { stroke: ink.line, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((at) => words.axisTime(at)),
  }
}

function numberAxis(ink: Inks, curve: Curve, unit: string, at: number, words: Wording): uPlot.Axis {
  const line = curve.lines.find((one) => one.unit === unit)
  return {
    scale: unit,
    side: at === 0 ? 3 : 1,
    stroke: ink.soft,
    font: FONT,
    size: 50,
    grid: { show: at === 0, stroke: ink.line, width: 1 },
    ticks: { show: false },
    values: (_plot, splits) => splits.map((value) => (line ? words.axisNumber(value, line) : '')),
  }
}

function series(line: Line, at: number, ink: Inks): uPlot.Series {
  const strokes = [ink.accent, ink.low, ink.high]
  return {
    scale: line.unit,
    stroke: strokes[at % strokes.length] ?? ink.ink,
    width: at === 0 ? 2.5 : 1.75,
    dash: [...(DASHES[at % DASHES.length] ?? [])],
    points: { show: false },
  }
}

function paintFlags(plot: uPlot, curve: Curve, ink: Inks): void {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = ink.shade
  for (const [from, to] of curve.flags.flatMap((flag) => flag.spans)) {
    const left = plot.valToPos(from, 'x', true)
    ctx.fillRect(left, bbox.top, plot.valToPos(to, 'x', true) - left, bbox.height)
  }
  ctx.restore()
}

function paintMarks(plot: uPlot, curve: Curve, frame: Frame, words: Wording, ink: Inks): void {
  const { ctx, bbox } = plot
  const dot = uPlot.pxRatio
  const right = bbox.left + bbox.width
  ctx.save()
  ctx.font = `600 ${12 * dot}px system-ui, sans-serif`
  ctx.lineWidth = 1.5 * dot
  const unit = curve.lines[0]?.unit
  if (frame.limit !== null && unit !== undefined) {
    const y = plot.valToPos(frame.limit, unit, true)
    stroke(ctx, ink.critical, [6 * dot, 4 * dot], bbox.left, y, right, y)
    ctx.textAlign = 'left'
    ctx.fillText(words.limit, bbox.left + 6 * dot, y - 6 * dot)
  }
  const x = plot.valToPos(frame.began, 'x', true)
  if (x > bbox.left && x < right) {
    stroke(ctx, ink.soft, [2 * dot, 3 * dot], x, bbox.top, x, bbox.top + bbox.height)
    ctx.textAlign = x > bbox.left + bbox.width / 2 ? 'right' : 'left'
    ctx.fillText(words.began, x + (ctx.textAlign === 'right' ? -5 : 5) * dot, bbox.top - 4 * dot)
  }
  ctx.restore()
}

function stroke(ctx: CanvasRenderingContext2D, colour: string, dash: number[], fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.strokeStyle = ctx.fillStyle = colour
  ctx.setLineDash(dash)
  ctx.beginPath()
  ctx.moveTo(fromX, fromY)
  ctx.lineTo(toX, toY)
  ctx.stroke()
}
