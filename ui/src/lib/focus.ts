// Moving the focus to what has just appeared.

import { tick } from 'svelte';

/**
 * Focuses the first element of `selector` once the page holds what has just changed, and before the next event: a focus
 * that came a frame later could take what is typed meanwhile away from its field.
 */
export async function focusNext(selector: string, options?: FocusOptions): Promise<void> {
  await tick();
  document.querySelector<HTMLElement>(selector)?.focus(options);
}
