/** The page's voice: its words, numbers and times in the language of the moment. */

import type { Refusal } from './api'
import type { Instant, PointRef, Quality, Text, Value } from './api-types'
import * as format from './format'
import { type Choices, chosenLanguage, firstLanguage, HTML_LANG, type Language, MESSAGES, rememberLanguage, said } from './i18n'

const choices = (): Choices => localStorage

export class Speech {
  language = $state<Language>(firstLanguage(chosenLanguage(choices), navigator.languages))
  readonly words = $derived(MESSAGES[this.language])
  readonly htmlLang = $derived(HTML_LANG[this.language])

  choose(language: Language): void {
    this.language = language
    rememberLanguage(choices, language)
  }

  text(text: Text): string {
    return said(text, this.language)
  }

  /** Why something was not done: in the collector's own words where it has any. */
  refused({ kind, problem }: Refusal): string {
    if (kind === 'offline') return this.words.moveOffline
    if (kind === 'forbidden') return this.words.moveForbidden
    return (this.language === 'zh' ? problem?.detail_zh : problem?.detail) ?? this.words.moveBroken
  }

  duration(ms: number): string {
    return format.duration(this.language, ms)
  }

  instant(at: Instant | number, timezone: string | undefined, now: number): string {
    return format.instant(this.language, at, timezone, now)
  }

  share(part: number): string {
    return format.share(this.language, part)
  }

  number(value: number, digits: number): string {
    return format.number(this.language, value, digits)
  }

  quantity(value: number, point: Pick<PointRef, 'unit' | 'digits'>): string {
    return format.quantity(this.language, value, point.unit, point.digits)
  }

  value(value: Value, point: format.Measured): string {
    return format.value(this.language, this.words, value, point)
  }

  /** A bad reading has no value; its quality says why. */
  reading(value: Value, quality: Quality, point: format.Measured): string {
    return quality === 'good' ? this.value(value, point) : (this.words.qualities[quality] ?? quality)
  }
}
