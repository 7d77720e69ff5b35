/** Which icon and colour go with a state; the word comes from the catalogue. */

import type { TicketState } from '../api-types'

export const STATE_TONES: Record<TicketState, 'accent' | 'plain' | 'good' | 'high'> = {
  new: 'high',
  accepted: 'accent',
  fixed: 'good',
  closed: 'plain',
  cancelled: 'plain',
  merged: 'plain',
}
