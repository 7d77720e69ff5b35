/** Asks the collector; every refusal is a `Refusal` that a view can put into words. */

import type {
  AlarmAct,
  AlarmList,
  Closure,
  EpisodeList,
  FindingCode,
  Hold,
  Move,
  Problem,
  Quarantine,
  Readings,
  Rule,
  RuleList,
  RuleMode,
  Session,
  StoreList,
  Suppression,
  SuppressionList,
  TicketDetail,
  TicketList,
} from './api-types'

export type RefusalKind = 'offline' | 'signed_out' | 'forbidden' | 'not_found' | 'conflict' | 'too_often' | 'broken'

export class Refusal extends Error {
  readonly kind: RefusalKind
  readonly problem: Problem | null

  constructor(kind: RefusalKind, problem: Problem | null = null) {
    super(problem?.detail ?? problem?.title ?? kind)
    this.kind = kind
    this.problem = problem
  }
}

const KINDS: Partial<Record<number, RefusalKind>> = {
  401: 'signed_out',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  429: 'too_often',
}
const ANSWER_WITHIN_MS = 15_000

export class Api {
  readonly #fetch: typeof fetch
  readonly #onSignedOut: () => void

  /** `onSignedOut` is told whenever the collector no longer knows the session. */
  constructor(onSignedOut: () => void, fetcher: typeof fetch = (input, init) => fetch(input, init)) {
    this.#onSignedOut = onSignedOut
    this.#fetch = fetcher
  }

  session(): Promise<Session> {
    return this.#json('GET', '/session')
  }

  /** Refused with `signed_out` when name and password do not belong together; that ends no session. */
  async signIn(name: string, password: string): Promise<Session> {
    return (await (await this.#ask('POST', '/session', { name, password })).json()) as Session
  }

  async signOut(): Promise<void> {
    await this.#ask('DELETE', '/session')
  }

  tickets(state: 'open' | 'all'): Promise<TicketList> {
    return this.#json('GET', `/tickets?state=${state}&limit=200`)
  }

  ticket(id: number): Promise<TicketDetail> {
    return this.#json('GET', `/tickets/${id}`)
  }

  episodes(store: string, device: string): Promise<EpisodeList> {
    return this.#json('GET', `/stores/${store}/devices/${device}/episodes?limit=20`)
  }

  move(id: number, move: Move): Promise<TicketDetail> {
    return this.#json('POST', `/tickets/${id}/moves`, move)
  }

  alarms(): Promise<AlarmList> {
    return this.#json('GET', '/alarms?limit=200')
  }

  /** Answers the alarm as it is now, or none where nothing is left to be done about it. */
  actOnAlarm(id: number, act: AlarmAct): Promise<AlarmList> {
    return this.#json('POST', `/alarms/${id}/acts`, act)
  }

  /** What holds alarms back now, or is going to. */
  suppressions(): Promise<SuppressionList> {
    return this.#json('GET', '/suppressions')
  }

  hold(hold: Hold): Promise<Suppression> {
    return this.#json('POST', '/suppressions', hold)
  }

  endSuppression(id: number): Promise<Suppression> {
    return this.#json('POST', `/suppressions/${id}/end`, {})
  }

  rules(): Promise<RuleList> {
    return this.#json('GET', '/rules')
  }

  /** `was` is the mode that the page shows. */
  setRuleMode(rule: string, was: RuleMode | null, mode: RuleMode, reason: string): Promise<Rule> {
    return this.#json('POST', `/rules/${rule}/mode`, { was, mode, reason })
  }

  closure(ticket: number): Promise<Closure> {
    return this.#json('GET', `/tickets/${ticket}/closure`)
  }

  /** `was` is what had been said before, as far as the page knows. */
  code(ticket: number, was: FindingCode | null, code: FindingCode): Promise<Closure> {
    return this.#json('POST', `/tickets/${ticket}/closure`, { was, code })
  }

  stores(): Promise<StoreList> {
    return this.#json('GET', '/stores')
  }

  quarantine(): Promise<Quarantine> {
    return this.#json('GET', '/quarantine?limit=20')
  }

  readings(store: string, device: string, points: readonly string[], since: Date, until: Date): Promise<Readings> {
    const query = new URLSearchParams({
      points: points.join(','),
      since: since.toISOString(),
      until: until.toISOString(),
      limit: '5000',
    })
    return this.#json('GET', `/stores/${store}/devices/${device}/readings?${query}`)
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    try {
      return (await (await this.#ask(method, path, body)).json()) as T
    } catch (error) {
      if (error instanceof Refusal && error.kind === 'signed_out') this.#onSignedOut()
      throw error
    }
  }

  async #ask(method: string, path: string, body?: unknown): Promise<Response> {
    const init: RequestInit = { method, signal: AbortSignal.timeout(ANSWER_WITHIN_MS), headers: { accept: 'application/json' } }
    if (body !== undefined) {
      init.body = JSON.stringify(body)
      init.headers = { accept: 'application/json', 'content-type': 'application/json' }
    }
    const answer = await this.#fetch(`/api/v1${path}`, init).catch(() => {
      throw new Refusal('offline')
    })
    if (!answer.ok) throw new Refusal(KINDS[answer.status] ?? 'broken', await problemOf(answer))
    return answer
  }
}

async function problemOf(answer: Response): Promise<Problem | null> {
  if (!answer.headers.get('content-type')?.includes('json')) return null
  return (await answer.json().catch(() => null)) as Problem | null
}
