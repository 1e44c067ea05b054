// Whether the reader asked for little motion.

export function isCalm(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
