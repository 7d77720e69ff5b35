import { describe, expect, it } from 'vitest'
import type { Diagnosis, Text } from './api-types'
import { byLikelihood, byUrgency, finished, isNews, isOpen, openGroups, partsToCarry } from './tickets'
import { ticket } from './testing/samples'

describe('open tickets', () => {
  it('are neither closed, cancelled nor merged', () => {
    const states = ['new', 'accepted', 'fixed', 'closed', 'cancelled', 'merged'] as const
    expect(states.filter((state) => isOpen({ state }))).toEqual(['new', 'accepted', 'fixed'])
  })

  it('stand by severity, then by who has them, then the newest first', () => {
    const list = [
      ticket({ id: 1, severity: 'low' }),
      ticket({ id: 2, state: 'fixed' }),
      ticket({ id: 3, since: '2026-07-15T01:00:00Z' }),
      ticket({ id: 4, since: '2026-07-15T01:30:00Z' }),
      ticket({ id: 5, severity: 'high' }),
    ]
    expect(list.sort(byUrgency).map(({ id }) => id)).toEqual([4, 3, 2, 5, 1])
  })

  it('are grouped without empty groups', () => {
    const groups = openGroups([ticket({ id: 1, severity: 'low' }), ticket({ id: 2 }), ticket({ id: 3, state: 'closed' })])
    expect(groups.map(({ severity, tickets }) => [severity, tickets.length])).toEqual([
      ['critical', 1],
      ['low', 1],
    ])
  })
})

it('finished tickets stand by their last change', () => {
  const early = ticket({ id: 1, state: 'closed', updated_at: '2026-07-15T01:00:00Z' })
  const late = ticket({ id: 2, state: 'merged', updated_at: '2026-07-15T02:00:00Z' })
  expect(finished([early, ticket({ id: 3 }), late]).map(({ id }) => id)).toEqual([2, 1])
})

it('an answer that overtook the feed is not undone by it', () => {
  const accepted = ticket({ state: 'accepted', updated_at: '2026-07-15T02:31:00Z' })
  expect(isNews(accepted, ticket())).toBe(false)
  expect(isNews(accepted, accepted)).toBe(true)
  expect(isNews(undefined, ticket())).toBe(true)
})

describe('causes', () => {
  const text = (word: string): Text => ({ zh: word, en: word })
  const cause = (name: string, likelihood: number, ...parts: string[]): Diagnosis => ({
    cause: text(name),
    likelihood,
    supports: [],
    contradicts: [],
    staff_checks: [],
    checks: [],
    parts: parts.map(text),
  })
  const causes = [cause('ice', 0.3, 'heater', 'fan'), cause('door', 0.05, 'gasket'), cause('fan', 0.65, 'fan'), cause('off', 0, 'switch')]

  it('stand the likeliest first, without those that are ruled out', () => {
    expect(byLikelihood(causes).map((one) => one.cause.en)).toEqual(['fan', 'ice', 'door'])
  })

  it('say what to carry, each part once, and nothing for what is improbable', () => {
    expect(partsToCarry(causes).map((part) => part.en)).toEqual(['fan', 'heater'])
  })
})
