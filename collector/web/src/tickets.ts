/** Tickets as a person works through them: which count as open, in what order, and which news is newer. */

import type { Diagnosis, Severity, Text, TicketState, TicketSummary } from './api-types'

export const SEVERITIES: readonly Severity[] = ['critical', 'high', 'low']
const STATES: readonly TicketState[] = ['new', 'accepted', 'fixed', 'closed', 'merged', 'cancelled']

export function isOpen(ticket: { state: TicketState }): boolean {
  return STATES.indexOf(ticket.state) < STATES.indexOf('closed')
}

/** Most severe first; then what nobody has taken; then what began last. */
export function byUrgency(a: TicketSummary, b: TicketSummary): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
    Date.parse(b.since) - Date.parse(a.since) ||
    b.id - a.id
  )
}

/** News that is older than what the page already shows (an answer overtook the feed) is not news. */
export function isNews(known: TicketSummary | undefined, heard: TicketSummary): boolean {
  return known === undefined || Date.parse(heard.updated_at) >= Date.parse(known.updated_at)
}

export interface Group {
  severity: Severity
  tickets: TicketSummary[]
}

export function openGroups(tickets: Iterable<TicketSummary>): Group[] {
  const open = [...tickets].filter(isOpen).sort(byUrgency)
  return SEVERITIES.map((severity) => ({ severity, tickets: open.filter((ticket) => ticket.severity === severity) })).filter(
    (group) => group.tickets.length > 0,
  )
}

/** The finished ones, last change first. */
export function finished(tickets: Iterable<TicketSummary>): TicketSummary[] {
  return [...tickets]
    .filter((ticket) => !isOpen(ticket))
    .sort((a, b) => Date.parse(b.updated_at) - Date.parse(a.updated_at) || b.id - a.id)
}

/** The causes that are not ruled out, the likeliest first. */
export function byLikelihood(causes: readonly Diagnosis[]): Diagnosis[] {
  return causes.filter((cause) => cause.likelihood > 0).sort((a, b) => b.likelihood - a.likelihood)
}

const WORTH_CARRYING = 0.1

/** What to put into the van: each part once, those of the likeliest cause first. */
export function partsToCarry(causes: readonly Diagnosis[]): Text[] {
  const parts = byLikelihood(causes)
    .filter((cause) => cause.likelihood >= WORTH_CARRYING)
    .flatMap((cause) => cause.parts)
  return [...new Map(parts.map((part) => [part.en, part])).values()]
}
