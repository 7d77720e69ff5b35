/** The two languages of the page; server texts bring both. */

import type { Text } from './api-types'
import { en } from './messages/en'
import { zh, type Messages } from './messages/zh'

export type Language = 'zh' | 'en'
export const LANGUAGES: readonly Language[] = ['zh', 'en']
export const MESSAGES: Record<Language, Messages> = { zh, en }
export const HTML_LANG: Record<Language, string> = { zh: 'zh-CN', en: 'en' }

const KEY = 'storewarden.language'

export function isLanguage(word: string | null): word is Language {
  return word === 'zh' || word === 'en'
}

/** The reader's choice; else the first language of the browser that we speak; else English. */
export function firstLanguage(chosen: string | null, spoken: readonly string[]): Language {
  if (isLanguage(chosen)) return chosen
  return spoken.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en'
}

/** A store of choices that may be closed to us (private browsing). */
export type Choices = Pick<Storage, 'getItem' | 'setItem'>

export function chosenLanguage(choices: () => Choices): string | null {
  try {
    return choices().getItem(KEY)
  } catch {
    return null
  }
}

export function rememberLanguage(choices: () => Choices, language: Language): void {
  try {
    choices().setItem(KEY, language)
  } catch {
    // The choice then holds until the page is closed.
  }
}

export const said = (text: Text, language: Language): string => text[language]
