/** What the collector says and hears, below /api/v1; instants are RFC 3339 with Z. */

export type Instant = string
export interface Text { zh: string; en: string }

export type Role = 'technician' | 'dispatcher'
export interface Session { name: string; role: Role }

export type TicketState = 'new' | 'accepted' | 'fixed' | 'closed' | 'cancelled' | 'merged'
export type Severity = 'critical' | 'high' | 'low'
export type Value = number | boolean | string | null
export type Quality = 'good' | 'no_answer' | 'bus_down' | 'refused' | 'probe_fault' | 'out_of_range'

export interface StoreRef { id: string; name: Text; timezone: string }
export interface DeviceRef { id: string; name: Text; device_class: string; duty: string; duty_name: Text }

/** `unit` is empty for flags and words; `digits` is how many decimals a person should see. */
export interface PointRef { point: string; label: Text; unit: string; digits: number }
export interface KeyValue extends PointRef { value: Value; limit: number | null }

export interface TicketSummary {
  id: number
  number: string
  state: TicketState
  severity: Severity
  fault: string
  title: Text
  store: StoreRef
  device: DeviceRef
  since: Instant
  opened_at: Instant
  updated_at: Instant
  alarm_active: boolean
  normal_since: Instant | null
  key_value: KeyValue | null
  assignee: string | null
  moves: TicketState[]
}

/** `said` is what people call a word; null where the value is no word. */
export interface EvidenceValue extends PointRef { value: Value; said: Text | null; quality: Quality; at: Instant }
export interface Evidence {
  condition: Text
  held_for_s: number
  values: EvidenceValue[]
  params: Record<string, number>
  excluded: Text[]
}
export interface Diagnosis {
  cause: Text
  /** A share of 1 among the causes; 0 means ruled out. */
  likelihood: number
  supports: Text[]
  contradicts: Text[]
  checks: Text[]
  parts: Text[]
}
export interface HistoryEntry {
  at: Instant
  actor: string
  from: TicketState | null
  /** Equals `from` where the fault recurred or cleared while the ticket stayed. */
  to: TicketState
  note: string | null
  event: 'opened' | 'moved' | 'recurred' | 'cleared'
}
export interface TicketDetail extends TicketSummary {
  evidence: Evidence
  diagnosis: Diagnosis[]
  history: HistoryEntry[]
  chart: PointRef[]
  limit: number | null
}

export interface TicketList { now: Instant; feed_position: number; tickets: TicketSummary[] }
export interface Move { from: TicketState; to: TicketState; note?: string }

export interface StoreDevice extends DeviceRef {
  profile: string
  proven: boolean
  last_at: Instant | null
  open_tickets: number
  answers: boolean
}
export interface Store extends StoreRef { last_seen_at: Instant | null; devices: StoreDevice[] }
export interface StoreList { stores: Store[] }

/** Milliseconds since 1970, value (null when the quality is bad), quality; oldest first. */
export type Sample = [number, Value, Quality]
export interface Readings { points: Record<string, Sample[]> }

export interface Clock { now: Instant }
export interface Problem { type: string; title: string; title_zh?: string; status: number; detail?: string }
