// Whether anybody can see this tab.

import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  document.addEventListener('visibilitychange', update);
  return () => document.removeEventListener('visibilitychange', update);
});

/** Reactive where it is read in an effect or a template. */
export function pageIsVisible(): boolean {
  subscribe();
  return !document.hidden;
}
