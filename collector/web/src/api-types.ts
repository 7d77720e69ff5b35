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
  /** The fault is older than `since` where the backlog of its store has not arrived yet. */
  since_at_least: boolean
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
  /** What the staff of the store can look at, by telephone. */
  staff_checks: Text[]
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
  event: 'opened' | 'moved' | 'recurred' | 'joined' | 'folded' | 'merged' | 'split' | 'cleared' | 'since_corrected'
  /** The beginning as it was corrected to be. */
  since: Instant | null
}
export interface TicketDetail extends TicketSummary {
  evidence: Evidence
  diagnosis: Diagnosis[]
  history: HistoryEntry[]
  chart: PointRef[]
  limit: number | null
  /** Of its own device, and of those that follow from what is wrong with it. */
  alarms: TicketAlarm[]
  /** The ticket that this one is part of. */
  merged_into: number | null
  /** What may spoil, as it is known now; first what spoils first. */
  food: Food[]
}
/** Temperatures in °C; `minutes_to_limit` is 0 where it is too warm, null where it will not be as things are. */
export interface Food {
  device: DeviceRef
  product: Text
  temperature: number
  measured: boolean
  limit: number
  minutes_to_limit: number | null
  minutes_above: number
  discard: boolean
  mean_kinetic: number | null
  at: Instant
}
export interface TicketAlarm {
  rule: string
  title: Text
  device: DeviceRef
  severity: Severity
  since: Instant
  since_at_least: boolean
  cleared_at: Instant | null
}

/** `past`: it was over when the store's record of it arrived, so that there is no ticket. */
export interface Episode {
  fault: string
  severity: Severity
  title: Text
  since: Instant
  since_at_least: boolean
  raised_at: Instant
  cleared_at: Instant | null
  past: boolean
  ticket: number | null
  condition: Text
}
export interface EpisodeList { episodes: Episode[] }

export type AlarmState =
  | 'unacknowledged' | 'acknowledged' | 'returned' | 'latched_unacknowledged' | 'latched'
  | 'shelved' | 'by_design' | 'out_of_service' | 'shadow'
export type AlarmActName = 'acknowledge' | 'reset' | 'shelve' | 'unshelve'
export type Priority = 'urgent' | 'high' | 'medium' | 'low'
/** `revision` counts the changes of the alarm: who acts on an old one is refused. */
export interface Alarm {
  id: number
  revision: number
  state: AlarmState
  severity: Severity
  priority: Priority | null
  title: Text
  store: StoreRef
  device: DeviceRef
  since: Instant
  acknowledged_by: string | null
  held_by: { id: number; reason: string; actor: string; until: Instant | null } | null
  shelve_at_most_h: number
  acts: AlarmActName[]
}
export interface AlarmList { now: Instant; flooding_since: Instant | null; flooding_stores: string[]; alarms: Alarm[] }
export interface AlarmAct { act: AlarmActName; revision: number; reason?: string; until?: Instant }

export type HoldKind = 'by_design' | 'out_of_service'
export interface Hold { kind: HoldKind; store: string; device: string; reason: string; until: Instant }
/** `stands`: just now; else it is to begin. `rule` is empty for a whole device. */
export interface Suppression {
  id: number
  kind: HoldKind | 'shelved'
  store: string
  store_name: Text
  device: string
  device_name: Text
  rule: string
  reason: string
  actor: string
  begins_at: Instant
  until: Instant | null
  stands: boolean
  too_long: boolean
}
export interface SuppressionList { suppressions: Suppression[] }

export type RuleMode = 'live' | 'shadow'
/** `mode` is null where only the rule's file says what it does; `precision` is a share of 1. */
export interface Rule { rule: string; mode: RuleMode | null; reason: string | null; precision: number | null; judged: number }
export interface RuleList { precision_wanted: number; closures_wanted: number; rules: Rule[] }

export type FindingCode = 'real_fault' | 'nuisance' | 'no_fault_found' | 'staff_action' | 'duplicate' | 'test'
export interface Closure { closure: { code: FindingCode; actor: string; at: Instant } | null }

export interface TicketList { now: Instant; feed_position: number; tickets: TicketSummary[] }
export interface Move { from: TicketState; to: TicketState; note?: string }

export interface StoreDevice extends DeviceRef {
  profile: string
  proven: boolean
  last_at: Instant | null
  open_tickets: number
  answers: boolean
}
/** `silent_since`: the store is not heard; `two_agents_since`: a second agent speaks for it. Null where that is not so. */
export interface Store extends StoreRef {
  last_seen_at: Instant | null
  silent_since: Instant | null
  two_agents_since: Instant | null
  /** Entries that its agent had to drop. */
  lost: number
  devices: StoreDevice[]
}
export interface StoreList { stores: Store[] }

/** Messages that nobody could read; only a dispatcher is told. */
export interface QuarantinedMessage {
  id: number
  topic: string
  store: string | null
  at: Instant
  times: number
  reason: string
  lost_entries: number
  size: number
  beginning: string
}
export interface Quarantine { total: number; messages: QuarantinedMessage[] }

/** Milliseconds since 1970, value (null when the quality is bad), quality; oldest first. */
/** Where `step_s` is not 0, a row is a step of so many seconds, and has its lowest, highest and count of readings behind. */
export type Sample = [number, Value, Quality, ...(number | null)[]]
export interface Readings { step_s?: number; points: Record<string, Sample[]> }

export interface Clock { now: Instant }
export interface Problem { type: string; title: string; title_zh?: string; status: number; detail?: string; detail_zh?: string }
