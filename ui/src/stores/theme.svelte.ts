// Light, dark, or what the system says; remembered. public/theme.js applies it before the first paint.

import { remember, remembered } from '../lib/storage.ts';

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
