/** The rules of this folder, held by tests: words in catalogues, contrast of colours, no host in a lock file, small files. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type AST, parse } from 'svelte/compiler'
import { describe, expect, it } from 'vitest'

const SOURCE = import.meta.dirname
const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(svelte|ts|css)$/.test(name))
const components = files.filter((name) => name.endsWith('.svelte'))
const read = (name: string): string => readFileSync(join(SOURCE, name), 'utf8')

describe('the components', () => {
  const spoken = ['aria-label', 'title', 'placeholder', 'alt']

  /** Words that stand in the markup itself, as text or in an attribute that is read out. */
  function words(node: unknown): string[] {
    if (Array.isArray(node)) return node.flatMap(words)
    if (typeof node !== 'object' || node === null) return []
    const { type } = node as { type?: string }
    if (type === 'Text') return /\p{L}/u.test((node as AST.Text).data) ? [(node as AST.Text).data.trim()] : []
    if (type === 'Attribute' && !spoken.includes((node as AST.Attribute).name)) return []
    return Object.values(node).flatMap(words)
  }

  it.each(components)('%s leaves its words to the catalogues', (name) => {
    expect(words(parse(read(name), { modern: true }).fragment)).toEqual([])
  })

  it.each(components)('%s has no inline style, which the security policy forbids', (name) => {
    expect(read(name)).not.toMatch(/\sstyle[=:]/)
  })
})

it.each(files)('%s is small', (name) => {
  expect(read(name).split('\n').length).toBeLessThanOrEqual(name.endsWith('.svelte') ? 200 : 260)
})

it('the lock file names no host, and has a hash for every package', () => {
  const lock = JSON.parse(readFileSync(join(SOURCE, '..', 'package-lock.json'), 'utf8')) as { packages: Record<string, { integrity?: string }> }
  expect(JSON.stringify(lock)).not.toContain('://')
  expect(Object.entries(lock.packages).filter(([name, { integrity }]) => name !== '' && !integrity)).toEqual([])
})

describe('colours', () => {
  const css = read('app.css')
  const [light = '', dark = ''] = css.split('@media (prefers-color-scheme: dark)')
  const tokens = (part: string): Map<string, string> => new Map([...part.matchAll(/--([\w-]+): (#[0-9a-f]{6})/g)].map(([, name = '', hex = '']) => [name, hex]))
  const schemes = { light: tokens(light), dark: tokens(dark) }

  function luminance(hex: string): number {
    const parts = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return parts.reduce((sum, part, at) => sum + part * ([0.2126, 0.7152, 0.0722][at] ?? 0), 0)
  }

  const pairs: [string, string, number][] = [
    ...['bg', 'surface', 'sunken'].flatMap((ground): [string, string, number][] => [['ink', ground, 4.5], ['ink-soft', ground, 4.5]]),
    ...['bg', 'surface'].flatMap((ground): [string, string, number][] => [['accent', ground, 4.5], ['critical', ground, 4.5], ['high', ground, 4.5], ['low', ground, 4.5], ['good', ground, 4.5], ['control', ground, 3]]),
    ...['critical', 'high', 'low', 'good', 'accent'].flatMap((tone): [string, string, number][] => [[tone, `${tone}-wash`, 4.5], ['ink-soft', `${tone}-wash`, 4.5]]),
    ['on-accent', 'accent', 4.5],
    ['on-accent', 'accent-strong', 4.5],
  ]

  it.each(Object.entries(schemes).flatMap(([scheme, map]) => pairs.map(([front, back, least]) => ({ scheme, map, front, back, least }))))(
    'in the $scheme, $front on $back is at least $least : 1',
    ({ map, front, back, least }) => {
      const [a, b] = [front, back].map((name) => luminance(map.get(name) ?? '')) as [number, number]
      expect((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)).toBeGreaterThanOrEqual(least)
    },
  )
})
