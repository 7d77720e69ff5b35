/** Alarms of a device beside the one that a ticket is about. */

import type { Episode, TicketDetail } from './api-types'

/** Those that are not the ticket's own, the newest first. */
export const earlierThan = (ticket: Pick<TicketDetail, 'id'>, episodes: readonly Episode[]): Episode[] =>
  episodes.filter((episode) => episode.ticket !== ticket.id)
