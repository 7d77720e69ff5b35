/** The page's addresses: what stands behind the `#`. */

export type Route =
  | { view: 'tickets'; ticket: number | null }
  | { view: 'alarms' }
  | { view: 'stores'; store: string | null }
  | { view: 'me' }

const TICKET = /^#\/tickets\/(\d{1,15})$/
const STORE = /^#\/stores\/([a-z0-9-]{1,63})$/

export function parseRoute(hash: string): Route {
  const ticket = TICKET.exec(hash)
  if (ticket) return { view: 'tickets', ticket: Number(ticket[1]) }
  const store = STORE.exec(hash)
  if (store) return { view: 'stores', store: store[1] ?? null }
  if (hash === '#/alarms') return { view: 'alarms' }
  if (hash === '#/stores') return { view: 'stores', store: null }
  if (hash === '#/me') return { view: 'me' }
  return { view: 'tickets', ticket: null }
}

export function href(route: Route): string {
  switch (route.view) {
    case 'tickets':
      return route.ticket === null ? '#/tickets' : `#/tickets/${route.ticket}`
    case 'stores':
      return route.store === null ? '#/stores' : `#/stores/${route.store}`
    case 'alarms':
      return '#/alarms'
    case 'me':
      return '#/me'
  }
}
