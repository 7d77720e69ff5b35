import { describe, expect, it } from 'vitest'
import { duration, instant, number, quantity, share, value } from './format'
import { MESSAGES } from './i18n'

const MINUTE = 60_000
const plain = (text: string): string => text.replaceAll('\u00a0', ' ')

describe('durations', () => {
  it.each([
    [0, '0 分钟', '0 min'],
    [-5 * MINUTE, '0 分钟', '0 min'],
    [35 * MINUTE + 59_000, '35 分钟', '35 min'],
    [60 * MINUTE, '1 小时', '1 hr'],
    [130 * MINUTE, '2 小时 10 分钟', '2 hr 10 min'],
    [1440 * MINUTE, '1 天', '1 day'],
    [(3 * 1440 + 61) * MINUTE, '3 天 1 小时', '3 days 1 hr'],
  ])('%i ms', (ms, zh, en) => {
    expect(plain(duration('zh', ms))).toBe(zh)
    expect(plain(duration('en', ms))).toBe(en)
  })
})

describe('instants', () => {
  const now = Date.parse('2026-07-15T18:40:00Z')

  it('shows the time in the store, not of the phone', () => {
    expect(instant('en', '2026-07-15T18:05:00Z', 'Asia/Shanghai', now)).toBe('02:05')
    expect(instant('en', '2026-07-15T18:05:00Z', 'Europe/Berlin', now)).toBe('20:05')
  })

  it('adds the date when it was another day there', () => {
    expect(instant('en', '2026-07-15T15:59:00Z', 'Asia/Shanghai', now)).toBe('15 Jul, 23:59')
    expect(instant('zh', '2026-07-15T15:59:00Z', 'Asia/Shanghai', now)).toBe('7月15日 23:59')
  })

  it('adds the year when it was another year', () => {
    expect(instant('en', '2025-12-31T04:00:00Z', 'Asia/Shanghai', now)).toBe('31 Dec 2025, 12:00')
  })

  it('calls midnight 00:00', () => expect(instant('zh', '2026-07-15T16:00:00Z', 'Asia/Shanghai', now)).toBe('00:00'))
})

describe('numbers', () => {
  it('has a real minus and the decimals of its point', () => {
    expect(number('en', -10.25, 1)).toBe('\u221210.3')
    expect(plain(quantity('zh', -12, '°C', 1))).toBe('\u221212.0 °C')
    expect(quantity('en', 3, '', 0)).toBe('3')
  })

  it('writes a share in percent', () => expect(share('zh', 0.55)).toBe('55%'))
})

describe('values', () => {
  const at = (point: string): { point: string; unit: string; digits: number } => ({ point, unit: '', digits: 0 })

  it('says on or off of an output, yes or no of a question', () => {
    expect(value('zh', MESSAGES.zh, true, at('out.compressor'))).toBe('开')
    expect(value('en', MESSAGES.en, false, at('power'))).toBe('off')
    expect(value('en', MESSAGES.en, true, at('in.door'))).toBe('yes')
  })

  it('says that there is none', () => expect(value('zh', MESSAGES.zh, null, at('temp'))).toBe('无读数'))

  it('says a word as the server calls it, and leaves what nobody has named', () => {
    const mode = { ...at('state.mode'), said: { zh: '化霜', en: 'defrost' } }
    expect(value('zh', MESSAGES.zh, 'defrost', mode)).toBe('化霜')
    expect(value('zh', MESSAGES.zh, 'pump_down', at('state.mode'))).toBe('pump_down')
  })
})
