/** The technician's desk: who sits at it, the tickets on it, and the line that brings new ones. */

import { createContext } from 'svelte'
import { SvelteMap } from 'svelte/reactivity'
import { Api, Refusal } from './api'
import type { Session, TicketDetail, TicketSummary } from './api-types'
import { ServerClock } from './clock'
import { type Connection, Feed } from './feed'
import { Loaded } from './loaded.svelte'
import { isNews, isOpen } from './tickets'

const TICK_MS = 5_000

export class Desk {
  /** `undefined` until the collector has said whether it knows us. */
  session = $state.raw<Session | null | undefined>(undefined)
  refusal = $state.raw<Refusal | null>(null)
  connection = $state<Connection>('reconnecting')
  /** When the line was lost, by head office's time; null while it is up. */
  lostAt = $state<number | null>(null)
  now = $state(0)
  /** The critical ticket that has just come, for those who listen rather than look. */
  newest = $state.raw<TicketSummary | null>(null)
  readonly tickets = new SvelteMap<number, TicketSummary>()
  readonly list = new Loaded<true>()
  readonly finished = new Loaded<true>()
  readonly openCount = $derived([...this.tickets.values()].filter(isOpen).length)
  readonly api: Api
  readonly #clock = new ServerClock()
  #feed: Feed | null = null

  constructor() {
    this.api = new Api(() => this.#signedOut())
  }

  /** Answers how to stop. */
  start(): () => void {
    const tick = setInterval(() => this.#tick(), TICK_MS)
    const nudge = (): void => {
      if (document.visibilityState === 'visible') this.#feed?.nudge()
    }
    document.addEventListener('visibilitychange', nudge)
    const events = ['online', 'offline', 'pageshow'] as const
    for (const event of events) window.addEventListener(event, nudge)
    void this.resume()
    return () => {
      clearInterval(tick)
      this.#feed?.stop()
      document.removeEventListener('visibilitychange', nudge)
      for (const event of events) window.removeEventListener(event, nudge)
    }
  }

  async resume(): Promise<void> {
    try {
      await this.#seat(await this.api.session())
      this.refusal = null
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (error.kind !== 'signed_out') this.refusal = error
    }
  }

  /** Throws Refusal. */
  async signIn(name: string, password: string): Promise<void> {
    await this.#seat(await this.api.signIn(name, password))
  }

  async signOut(): Promise<void> {
    await this.api.signOut()
    this.#signedOut()
  }

  async load(): Promise<void> {
    await this.list.load(async () => {
      const answer = await this.api.tickets('open')
      this.#clock.set(answer.now)
      this.#tick()
      this.tickets.clear()
      for (const ticket of answer.tickets) this.tickets.set(ticket.id, ticket)
      this.#listen(answer.feed_position)
      return true
    })
  }

  async loadFinished(): Promise<void> {
    await this.finished.load(async () => {
      for (const ticket of (await this.api.tickets('all')).tickets) this.learn(ticket)
      return true
    })
  }

  learn(ticket: TicketSummary): void {
    const known = this.tickets.get(ticket.id)
    if (isNews(known, ticket)) this.tickets.set(ticket.id, ticket)
  }

  /** Throws Refusal. */
  async move(ticket: TicketSummary, to: TicketSummary['state'], note: string): Promise<TicketDetail> {
    const detail = await this.api.move(ticket.id, { from: ticket.state, to, ...(note ? { note } : {}) })
    this.learn(detail)
    return detail
  }

  async #seat(session: Session): Promise<void> {
    await this.load()
    if (this.list.refusal?.kind !== 'signed_out') this.session = session
  }

  #listen(after: number): void {
    this.#feed?.stop()
    this.#feed = new Feed(after, {
      ticket: (ticket) => this.#hear(ticket),
      clock: (now) => {
        this.#clock.set(now)
        this.#tick()
      },
      connection: (connection) => this.#connected(connection),
      refused: () => void this.api.session().catch(() => null),
    })
    this.#feed.start()
  }

  #hear(ticket: TicketSummary): void {
    const isNew = !this.tickets.has(ticket.id)
    this.learn(ticket)
    if (isNew && ticket.severity === 'critical' && isOpen(ticket)) this.newest = ticket
  }

  #connected(connection: Connection): void {
    if (connection === 'live') this.lostAt = null
    else this.lostAt ??= this.#clock.now()
    this.connection = connection
  }

  #tick(): void {
    this.now = this.#clock.now() ?? this.now
  }

  #signedOut(): void {
    this.#feed?.stop()
    this.#feed = null
    this.tickets.clear()
    this.newest = null
    this.refusal = null
    this.session = null
  }
}

export const [desk, seatAt] = createContext<Desk>()
