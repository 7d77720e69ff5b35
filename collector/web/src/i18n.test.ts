import { describe, expect, it } from 'vitest'
import { type Choices, chosenLanguage, firstLanguage, MESSAGES, rememberLanguage } from './i18n'

describe('the first language', () => {
  it.each([
    [null, ['zh-CN', 'en'], 'zh'],
    [null, ['de-DE', 'zh-TW'], 'zh'],
    [null, ['en-US', 'zh'], 'en'],
    [null, ['de'], 'en'],
    ['zh', ['en-US'], 'zh'],
    ['tlh', ['zh-CN'], 'zh'],
  ])('chosen %s, spoken %j: %s', (chosen, spoken, language) => expect(firstLanguage(chosen, spoken)).toBe(language))
})

describe('the choice', () => {
  it('is remembered', () => {
    const kept = new Map<string, string>()
    const choices = (): Choices => ({ getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) })
    rememberLanguage(choices, 'en')
    expect(chosenLanguage(choices)).toBe('en')
  })

  it('does without where nothing may be stored', () => {
    const closed = (): Choices => {
      throw new Error('denied')
    }
    rememberLanguage(closed, 'en')
    expect(chosenLanguage(closed)).toBeNull()
  })
})

type Node = string | ((...given: never[]) => string) | { [key: string]: Node }

function leaves(node: Node, path: string): [string, string][] {
  if (typeof node === 'string') return [[path, node]]
  if (typeof node === 'function') return [[path, (node as (...given: unknown[]) => string)('1', '2', '3', '4')]]
  return Object.entries(node).flatMap(([key, child]) => leaves(child, `${path}.${key}`))
}

describe('the catalogues', () => {
  const zh = leaves(MESSAGES.zh as Node, '')
  const en = leaves(MESSAGES.en as Node, '')

  it('have the same keys', () => expect(en.map(([path]) => path)).toEqual(zh.map(([path]) => path)))

  it('leave nothing empty', () => expect([...zh, ...en].filter(([, text]) => text.trim() === '')).toEqual([]))

  it('are each in their language', () => {
    const foreign = en.filter(([path, text]) => /\p{Script=Han}/u.test(text) && path !== '.languages.zh')
    const untranslated = zh.filter(([path, text]) => /^[A-Za-z ]+$/.test(text) && !['.product', '.languages.en'].includes(path))
    expect([foreign, untranslated]).toEqual([[], []])
  })

  it('count in English as English does', () => {
    expect([0, 1, 2].map(MESSAGES.en.ticketCount)).toEqual(['0 tickets', '1 ticket', '2 tickets'])
  })
})
