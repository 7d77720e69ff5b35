import { expect, it } from 'vitest'
import { ServerClock } from './clock'

it('carries head office’s time on, whatever the phone believes', () => {
  let elapsed = 1_000
  const clock = new ServerClock(() => elapsed)
  expect(clock.now()).toBeNull()
  clock.set('2026-07-15T02:00:00Z')
  elapsed += 4_000
  expect(clock.now()).toBe(Date.parse('2026-07-15T02:00:04Z'))
})
