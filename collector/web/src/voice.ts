/** Hands the page's voice down to its components. */

import { createContext } from 'svelte'
import type { Speech } from './speech.svelte'

export const [voice, speakWith] = createContext<Speech>()
