import { expect, test } from 'vitest'
import type { Episode } from './api-types'
import { earlierThan } from './episodes'
import { detail } from './testing/samples'

const episode = (given: Partial<Episode>): Episode => ({
  fault: 'refrigeration.air_temperature_high',
  severity: 'critical',
  title: { zh: '温度过高', en: 'Too warm' },
  since: '2026-07-15T02:00:00Z',
  since_at_least: false,
  raised_at: '2026-07-15T02:30:00Z',
  cleared_at: null,
  past: false,
  ticket: null,
  condition: { zh: '', en: '' },
  ...given,
})

test("a ticket's own alarm is none of the earlier ones", () => {
  const past = episode({ past: true })
  expect(earlierThan(detail({ id: 7 }), [episode({ ticket: 7 }), past, episode({ ticket: 6 })])).toEqual([past, episode({ ticket: 6 })])
})
