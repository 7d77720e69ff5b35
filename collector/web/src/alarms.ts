/** Alarms as an operator answers them: how they look, and for how long one may be shelved. */

import type { AlarmState } from './api-types'
import type { IconName } from './parts/icons'

const LENGTHS_H = [0.5, 1, 2, 4, 8, 24, 72, 168]
export const HOUR_MS = 3_600_000

/** A mask is short, maintenance may take its time. */
export const HOLD_AT_MOST_H = { by_design: 12, out_of_service: 168 } as const

/** The lengths that may be chosen, the shortest first. */
export function shelvingHours(most: number): number[] {
  return LENGTHS_H.filter((hours) => hours <= most)
}

export const ALARM_LOOKS: Record<AlarmState, { tone: 'high' | 'accent' | 'good' | 'plain'; icon: IconName }> = {
  unacknowledged: { tone: 'high', icon: 'new' },
  acknowledged: { tone: 'accent', icon: 'accepted' },
  returned: { tone: 'good', icon: 'fixed' },
  latched_unacknowledged: { tone: 'high', icon: 'closed' },
  latched: { tone: 'accent', icon: 'closed' },
  shelved: { tone: 'plain', icon: 'held' },
  by_design: { tone: 'plain', icon: 'held' },
  out_of_service: { tone: 'plain', icon: 'held' },
  shadow: { tone: 'plain', icon: 'held' },
}
