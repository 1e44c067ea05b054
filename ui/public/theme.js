// Runs before the first paint, so that a remembered theme does not flash. See src/stores/theme.svelte.ts.
try {
  const theme = localStorage.getItem('vedette.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden: then the system's theme holds.
}
