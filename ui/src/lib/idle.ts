// Parts fetched when the browser has nothing better to do: there when they are needed, and not in the way before.

/** Fetches each once the page is at rest; what cannot be fetched is tried again by who needs it. */
export function whenIdle(loads: (() => Promise<unknown>)[]): () => void {
  const run = () => loads.forEach((load) => load().catch(() => undefined));
  if (typeof requestIdleCallback !== 'function') {
    const timer = setTimeout(run, 2000);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(run, { timeout: 5000 });
  return () => cancelIdleCallback(handle);
}
