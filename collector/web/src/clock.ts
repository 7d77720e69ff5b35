/** Head office's time, carried on between its signals; the phone's own clock may be wrong. */

export class ServerClock {
  readonly #elapsed: () => number
  #serverAt: number | null = null
  #heardAt = 0

  /** `elapsed` counts milliseconds that never go back, as `performance.now` does. */
  constructor(elapsed: () => number = () => performance.now()) {
    this.#elapsed = elapsed
  }

  set(now: string): void {
    this.#serverAt = Date.parse(now)
    this.#heardAt = this.#elapsed()
  }

  /** Milliseconds since 1970; before the first signal there is no time. */
  now(): number | null {
    return this.#serverAt === null ? null : this.#serverAt + this.#elapsed() - this.#heardAt
  }
}
