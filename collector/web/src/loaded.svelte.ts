/** Something asked of the collector: not here yet, here, or refused; the last question wins. */

import { Refusal } from './api'

export class Loaded<T> {
  value = $state.raw<T | null>(null)
  refusal = $state.raw<Refusal | null>(null)
  #turn = 0

  async load(ask: () => Promise<T>): Promise<T | null> {
    const turn = ++this.#turn
    try {
      const value = await ask()
      if (turn !== this.#turn) return null
      this.value = value
      this.refusal = null
      return value
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (turn === this.#turn) this.refusal = error
      return null
    }
  }

  /** What is known better than by asking, such as the answer to a move. */
  put(value: T): void {
    this.#turn += 1
    this.value = value
    this.refusal = null
  }
}
