/** Numbers, instants and durations as a person reads them, by language and in the store's time zone. */

import type { PointRef, Text, Value } from './api-types'
import type { Language } from './i18n'

const LOCALES: Record<Language, string> = { zh: 'zh-CN', en: 'en-GB' }
/** British English writes "35 mins"; the trade writes min. */
const UNIT_LOCALES: Record<Language, string> = { zh: 'zh-CN', en: 'en-US' }
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

export const localeOf = (language: Language): string => LOCALES[language]

/** A minus that is as wide as a plus. */
const minus = (text: string): string => text.replace('-', '\u2212')

export function number(language: Language, value: number, digits: number): string {
  const format = new Intl.NumberFormat(localeOf(language), { minimumFractionDigits: digits, maximumFractionDigits: digits })
  return minus(format.format(value))
}

export function quantity(language: Language, value: number, unit: string, digits: number): string {
  const text = number(language, value, digits)
  return unit ? `${text}\u00a0${unit}` : text
}

export function share(language: Language, part: number): string {
  return new Intl.NumberFormat(localeOf(language), { style: 'percent', maximumFractionDigits: 0 }).format(part)
}

/** The two greatest units of a length of time; less than a minute is not told apart. */
export function duration(language: Language, ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / MINUTE)) * MINUTE
  if (minutes >= DAY) return joined(language, [Math.floor(minutes / DAY), 'day'], [Math.floor((minutes % DAY) / HOUR), 'hour'])
  if (minutes >= HOUR) return joined(language, [Math.floor(minutes / HOUR), 'hour'], [(minutes % HOUR) / MINUTE, 'minute'])
  return inUnit(language, minutes / MINUTE, 'minute')
}

type Unit = 'day' | 'hour' | 'minute'

function joined(language: Language, [great, greatUnit]: [number, Unit], [small, smallUnit]: [number, Unit]): string {
  const first = inUnit(language, great, greatUnit)
  return small === 0 ? first : `${first} ${inUnit(language, small, smallUnit)}`
}

function inUnit(language: Language, value: number, unit: Unit): string {
  const unitDisplay = language === 'zh' || unit === 'day' ? 'long' : 'short'
  const parts = new Intl.NumberFormat(UNIT_LOCALES[language], { style: 'unit', unit, unitDisplay }).formatToParts(value)
  const words = parts.map((part) => part.value.trim()).filter((word) => word !== '')
  return words.join('\u00a0')
}

/** The time of day; with the date where that is not today's, with the year where that is not this one. */
export function instant(language: Language, at: string | number, timezone: string | undefined, now: number): string {
  const when = new Date(at)
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }
  const written = (options: Intl.DateTimeFormatOptions): string => dateTime(language, timezone, options).format(when)
  if (day(when, timezone) === day(new Date(now), timezone)) return written(time)
  const year = day(when, timezone).slice(0, 4) === day(new Date(now), timezone).slice(0, 4)
  const date: Intl.DateTimeFormatOptions = { month: language === 'zh' ? 'long' : 'short', day: 'numeric' }
  return written(year ? { ...date, ...time } : { year: 'numeric', ...date, ...time })
}

const day = (when: Date, timezone: string | undefined): string =>
  new Intl.DateTimeFormat('sv-SE', { ...zone(timezone), dateStyle: 'short' }).format(when)

export function dateTime(language: Language, timezone: string | undefined, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(localeOf(language), { ...zone(timezone), ...options })
}

const zone = (timezone: string | undefined): Intl.DateTimeFormatOptions => (timezone ? { timeZone: timezone } : {})

export interface ValueWords {
  on: string
  off: string
  yes: string
  no: string
  none: string
}

export type Measured = Pick<PointRef, 'point' | 'unit' | 'digits'> & { said?: Text | null }

/** Outputs are on or off; other flags answer a question with yes or no; `said` is what the server calls a word. */
export function value(language: Language, words: ValueWords, given: Value, point: Measured): string {
  if (given === null) return words.none
  if (typeof given === 'number') return quantity(language, given, point.unit, point.digits)
  if (typeof given === 'string') return point.said?.[language] ?? given
  if (/^(out\.|power$)/.test(point.point)) return given ? words.on : words.off
  return given ? words.yes : words.no
}
