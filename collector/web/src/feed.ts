/**
 * The live line to head office: it misses nothing, whoever hangs up.
 *
 * The browser resumes a broken EventSource by itself (Last-Event-ID). What it does not do: return after a refusal
 * (readyState CLOSED), notice a line that died without a word (a phone that slept, a lost cell), or hurry when the
 * network is back. Then the line is dialled anew after the last event that was seen.
 */

import type { Clock, TicketSummary } from './api-types'

export type Connection = 'live' | 'reconnecting' | 'offline'

export interface Listener {
  ticket(ticket: TicketSummary): void
  clock(now: string): void
  connection(connection: Connection): void
  /** Head office answered, and did not let us in; perhaps the session has ended. */
  refused(): void
}

/** The part of EventSource that is used here. */
export interface Line {
  readonly readyState: number
  onopen: ((event: Event) => void) | null
  onerror: ((event: Event) => void) | null
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void
  close(): void
}

export interface World {
  dial(address: string): Line
  /** Calls back once; answers how to call it off. */
  wait(ms: number, then: () => void): () => void
  elapsed(): number
  random(): number
  networkUp(): boolean
}

/** Three signals of the clock were due. */
export const SILENCE_MS = 15_000
export const OFFLINE_AFTER_MS = 30_000
const LONGEST_PAUSE_MS = 30_000
const CLOSED = 2

export class Feed {
  readonly #listener: Listener
  readonly #world: World
  #last: number
  #line: Line | null = null
  #attempts = 0
  #heardAt: number
  #stopRedial: () => void = () => {}
  #stopWatch: () => void = () => {}
  #stopped = true

  constructor(after: number, listener: Listener, world: World = browser) {
    this.#last = after
    this.#listener = listener
    this.#world = world
    this.#heardAt = world.elapsed()
  }

  start(): void {
    this.#stopped = false
    this.#dial()
  }

  stop(): void {
    this.#stopped = true
    this.#hangUp()
  }

  /** The phone woke up, or its network changed: look now instead of at the next turn. */
  nudge(): void {
    if (this.#stopped) return
    if (this.#world.networkUp() && this.#line?.readyState === 1 && this.#silentFor() < SILENCE_MS) return
    this.#attempts = 0
    this.#lost()
    if (this.#world.networkUp()) this.#dial()
  }

  #dial(): void {
    this.#hangUp()
    const line = this.#world.dial(`/api/v1/feed?after=${this.#last}`)
    this.#line = line
    line.onopen = () => this.#heard()
    line.onerror = () => this.#failed(line)
    line.addEventListener('ticket', (event) => this.#ticket(event))
    line.addEventListener('clock', (event) => {
      this.#heard()
      this.#listener.clock((JSON.parse(event.data) as Clock).now)
    })
    this.#watch()
  }

  #ticket(event: MessageEvent<string>): void {
    this.#heard()
    const id = Number(event.lastEventId)
    if (!(id > this.#last)) return
    this.#listener.ticket(JSON.parse(event.data) as TicketSummary)
    this.#last = id
  }

  #heard(): void {
    this.#heardAt = this.#world.elapsed()
    this.#attempts = 0
    this.#listener.connection('live')
    this.#watch()
  }

  #failed(line: Line): void {
    this.#lost()
    if (line.readyState !== CLOSED) return
    this.#listener.refused()
    if (!this.#stopped) this.#redialLater()
  }

  #watch(): void {
    this.#stopWatch()
    this.#stopWatch = this.#world.wait(SILENCE_MS, () => {
      this.#lost()
      this.#redialLater()
    })
  }

  #redialLater(): void {
    this.#hangUp()
    const pause = Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** this.#attempts) * (0.5 + this.#world.random() / 2)
    this.#attempts += 1
    this.#stopRedial = this.#world.wait(pause, () => this.#dial())
  }

  #lost(): void {
    const gone = !this.#world.networkUp() || this.#silentFor() >= OFFLINE_AFTER_MS
    this.#listener.connection(gone ? 'offline' : 'reconnecting')
  }

  #silentFor(): number {
    return this.#world.elapsed() - this.#heardAt
  }

  #hangUp(): void {
    this.#stopRedial()
    this.#stopWatch()
    if (this.#line) {
      this.#line.onopen = this.#line.onerror = null
      this.#line.close()
    }
    this.#line = null
  }
}

const browser: World = {
  dial: (address) => new EventSource(address),
  wait: (ms, then) => {
    const timer = setTimeout(then, ms)
    return () => clearTimeout(timer)
  },
  elapsed: () => performance.now(),
  random: () => Math.random(),
  networkUp: () => navigator.onLine,
}
