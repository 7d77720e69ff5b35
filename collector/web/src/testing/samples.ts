/** Tickets for tests; each test names only what it is about. */

import type { PointRef, TicketDetail, TicketSummary } from '../api-types'

export const TEMPERATURE: PointRef = { point: 'temp.control', label: { zh: '控制温度', en: 'Control air' }, unit: '°C', digits: 1 }
export const DEFROST: PointRef = { point: 'defrost.active', label: { zh: '化霜中', en: 'Defrost' }, unit: '', digits: 0 }

export function ticket(given: Partial<TicketSummary> = {}): TicketSummary {
  return {
    id: 1,
    number: 'T000001',
    state: 'new',
    severity: 'critical',
    fault: 'refrigeration.air_temperature_high',
    title: { zh: '温度过高', en: 'Too warm' },
    store: { id: 'demo-001', name: { zh: '示范门店', en: 'Demo store' }, timezone: 'Asia/Shanghai' },
    device: { id: 'freezer-1', name: { zh: '冷冻柜 1', en: 'Freezer 1' }, device_class: 'refrigeration_case', duty: 'freezer', duty_name: { zh: '冷冻柜', en: 'Freezer' } },
    since: '2026-07-15T02:00:00Z',
    since_at_least: false,
    opened_at: '2026-07-15T02:30:00Z',
    updated_at: '2026-07-15T02:30:00Z',
    alarm_active: true,
    normal_since: null,
    key_value: null,
    assignee: null,
    moves: ['accepted'],
    ...given,
  }
}

export function detail(given: Partial<TicketDetail> = {}): TicketDetail {
  const evidence = { condition: { zh: '', en: '' }, held_for_s: 1800, values: [], params: {}, excluded: [] }
  return { ...ticket(), evidence, diagnosis: [], history: [], chart: [TEMPERATURE], limit: -12, alarms: [], merged_into: null, food: [], ...given }
}
