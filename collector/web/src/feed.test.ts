import { beforeEach, describe, expect, it } from 'vitest'
import { type Connection, Feed, type Line, OFFLINE_AFTER_MS, SILENCE_MS, type World } from './feed'
import { ticket } from './testing/samples'

/** A line whose other end is the test. */
class FakeLine implements Line {
  readyState = 0
  onopen: ((event: Event) => void) | null = null
  onerror: ((event: Event) => void) | null = null
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>()

  readonly address: string

  constructor(address: string) {
    this.address = address
  }

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(type, listener)
  }

  close(): void {
    this.readyState = 2
  }

  open(): void {
    this.readyState = 1
    this.onopen?.(new Event('open'))
  }

  say(type: string, data: unknown, id = 0): void {
    this.#listeners.get(type)?.(new MessageEvent(type, { data: JSON.stringify(data), lastEventId: String(id) }))
  }

  fail(readyState: 0 | 2): void {
    this.readyState = readyState
    this.onerror?.(new Event('error'))
  }
}

/** A world with its own time; timers ring when the test lets time pass. */
class FakeWorld implements World {
  lines: FakeLine[] = []
  up = true
  #now = 0
  #timers = new Map<number, { at: number; then: () => void }>()
  #next = 0

  dial(address: string): Line {
    const line = new FakeLine(address)
    this.lines.push(line)
    return line
  }

  wait(ms: number, then: () => void): () => void {
    const timer = this.#next++
    this.#timers.set(timer, { at: this.#now + ms, then })
    return () => this.#timers.delete(timer)
  }

  elapsed(): number {
    return this.#now
  }

  random(): number {
    return 1
  }

  networkUp(): boolean {
    return this.up
  }

  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.#now = due[1].at
      due[1].then()
    }
    this.#now = end
  }

  get line(): FakeLine {
    const line = this.lines.at(-1)
    if (!line) throw new Error('nothing was dialled')
    return line
  }
}

let world: FakeWorld
let feed: Feed
let heard: number[]
let states: Connection[]
let refusals: number

beforeEach(() => {
  world = new FakeWorld()
  heard = []
  states = []
  refusals = 0
  const listener = {
    ticket: ({ id }: { id: number }) => heard.push(id),
    clock: () => {},
    connection: (connection: Connection) => states.push(connection),
    refused: () => (refusals += 1),
  }
  feed = new Feed(7, listener, world)
  feed.start()
})

describe('a line that is up', () => {
  it('asks for what came after the list', () => expect(world.line.address).toBe('/api/v1/feed?after=7'))

  it('hears each event once', () => {
    world.line.open()
    for (const id of [8, 8, 7, 9]) world.line.say('ticket', ticket({ id }), id)
    expect(heard).toEqual([8, 9])
  })

  it('stays up as long as the clock is heard', () => {
    world.line.open()
    for (let i = 0; i < 10; i++) {
      world.pass(5_000)
      world.line.say('clock', { now: '2026-07-15T02:00:00Z' })
    }
    expect(world.lines).toHaveLength(1)
    expect(new Set(states)).toEqual(new Set(['live']))
  })
})

describe('a line that breaks', () => {
  it('is left to the browser while the browser tries', () => {
    world.line.open()
    world.line.fail(0)
    world.pass(SILENCE_MS - 1)
    expect(world.lines).toHaveLength(1)
    expect(states.at(-1)).toBe('reconnecting')
  })

  it('is dialled anew after the last event when the browser gave up', () => {
    world.line.open()
    world.line.say('ticket', ticket(), 12)
    world.line.fail(2)
    world.pass(1_000)
    expect(world.line.address).toBe('/api/v1/feed?after=12')
    expect(refusals).toBe(1)
  })

  it('is dialled anew when it died without a word', () => {
    world.line.open()
    world.pass(SILENCE_MS + 1_000)
    expect(world.lines).toHaveLength(2)
  })

  it('is tried less and less often, and never given up', () => {
    const gaps: number[] = []
    for (let i = 0; i < 8; i++) {
      world.line.fail(2)
      const began = world.elapsed()
      const count = world.lines.length
      while (world.lines.length === count) world.pass(500)
      gaps.push(world.elapsed() - began)
    }
    expect(gaps).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  it('is called offline after half a minute', () => {
    world.line.open()
    world.pass(OFFLINE_AFTER_MS)
    world.line.fail(2)
    expect(states.at(-1)).toBe('offline')
  })

  it('ignores what an abandoned line still says', () => {
    const old = world.line
    old.fail(2)
    world.pass(1_000)
    old.open()
    expect(states).not.toContain('live')
  })
})

describe('a phone that wakes', () => {
  it('dials at once when the line has been silent', () => {
    world.line.open()
    world.line.fail(2)
    feed.nudge()
    expect(world.lines).toHaveLength(2)
  })

  it('leaves a line alone that works', () => {
    world.line.open()
    feed.nudge()
    expect(world.lines).toHaveLength(1)
  })

  it('says that it is offline when the network is gone', () => {
    world.line.open()
    world.up = false
    feed.nudge()
    expect(states.at(-1)).toBe('offline')
    expect(world.lines).toHaveLength(1)
  })

  it('does nothing once it was stopped', () => {
    feed.stop()
    feed.nudge()
    world.pass(60_000)
    expect(world.lines).toHaveLength(1)
  })
})
