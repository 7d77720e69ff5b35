import { expect, it } from 'vitest'
import { href, parseRoute, type Route } from './routes'

it.each<Route>([
  { view: 'tickets', ticket: null },
  { view: 'tickets', ticket: 12 },
  { view: 'stores', store: null },
  { view: 'stores', store: 'demo-001' },
  { view: 'alarms' },
  { view: 'me' },
])('an address leads back to its view: %j', (route) => expect(parseRoute(href(route))).toEqual(route))

it.each(['', '#', '#/tickets/x', '#/tickets/1/2', '#/stores/../x', '#content'])('%s leads to the tickets', (hash) =>
  expect(parseRoute(hash)).toEqual({ view: 'tickets', ticket: null }),
)
