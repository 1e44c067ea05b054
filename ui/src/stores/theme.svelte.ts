// Light, dark, or what the system says; remembered. public/theme.js applies it before the first paint.

export type Theme = 'system' | 'light' | 'dark';
const kKey = 'vedette.theme';

class ThemeChoice {
  value = $state<Theme>('system');

  start() {
    const stored = remembered(kKey);
    if (stored === 'light' || stored === 'dark') this.value = stored;
  }

  choose(theme: Theme) {
    this.value = theme;
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    remember(kKey, theme === 'system' ? null : theme);
  }
}

export const theme = new ThemeChoice();

/** Small things the browser keeps; storage may be forbidden, then they are forgotten. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string | null) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // See remembered().
  }
}
