import { expect, it } from 'vitest'
import { shelvingHours } from './alarms'

it('offers no more hours than an alarm may be shelved for', () => {
  expect(shelvingHours(1)).toEqual([0.5, 1])
  expect(shelvingHours(24)).toEqual([0.5, 1, 2, 4, 8, 24])
})
