import { describe, expect, it, vi } from 'vitest'
import { Api, Refusal } from './api'

function answering(status: number, body: unknown, type = 'application/problem+json'): { api: Api; asked: typeof fetch; out: () => void } {
  const asked = vi.fn(() => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'content-type': type } })))
  const out = vi.fn()
  return { api: new Api(out, asked), asked, out }
}

async function refusalOf(asking: Promise<unknown>): Promise<Refusal> {
  const error: unknown = await asking.then(() => null).catch((caught: unknown) => caught)
  if (error instanceof Refusal) return error
  throw new Error('was not refused')
}

describe('asking the collector', () => {
  it('sends a move with the state that the technician saw', async () => {
    const { api, asked } = answering(200, {})
    await api.move(12, { from: 'new', to: 'accepted', note: 'on my way' })
    const [address, init] = vi.mocked(asked).mock.calls[0] ?? []
    expect(address).toBe('/api/v1/tickets/12/moves')
    expect(JSON.parse(String(init?.body))).toEqual({ from: 'new', to: 'accepted', note: 'on my way' })
  })

  it('asks for readings of a span', async () => {
    const { api, asked } = answering(200, { points: {} })
    await api.readings('demo-001', 'freezer-1', ['temp.control', 'defrost.active'], new Date(0), new Date(60_000))
    const address = new URL(String(vi.mocked(asked).mock.calls[0]?.[0]), 'http://collector')
    expect(address.pathname).toBe('/api/v1/stores/demo-001/devices/freezer-1/readings')
    expect(address.searchParams.get('points')).toBe('temp.control,defrost.active')
    expect(address.searchParams.get('until')).toBe('1970-01-01T00:01:00.000Z')
  })
})

describe('being refused', () => {
  it.each([
    [401, 'signed_out'],
    [404, 'not_found'],
    [403, 'forbidden'],
    [409, 'conflict'],
    [429, 'too_often'],
    [503, 'broken'],
  ])('a status of %i means %s', async (status, kind) => {
    const { api } = answering(status, { title: 'no', status })
    expect((await refusalOf(api.ticket(1))).kind).toBe(kind)
  })

  it('keeps the problem that the collector explained', async () => {
    const { api } = answering(409, { title: 'Moved on', status: 409, detail: 'it is fixed' })
    expect((await refusalOf(api.ticket(1))).problem?.detail).toBe('it is fixed')
  })

  it('survives a proxy that answers in HTML', async () => {
    const { api } = answering(502, '<html>', 'text/html')
    expect((await refusalOf(api.ticket(1))).problem).toBeNull()
  })

  it('is offline when nobody answers', async () => {
    const api = new Api(() => {}, () => Promise.reject(new TypeError('failed to fetch')))
    expect((await refusalOf(api.stores())).kind).toBe('offline')
  })

  it('tells when the session has ended', async () => {
    const { api, out } = answering(401, {})
    await refusalOf(api.stores())
    expect(out).toHaveBeenCalledOnce()
  })

  it('does not take a wrong password for an ended session', async () => {
    const { api, out } = answering(401, {})
    expect((await refusalOf(api.signIn('zhang', 'wrong'))).kind).toBe('signed_out')
    expect(out).not.toHaveBeenCalled()
  })
})
