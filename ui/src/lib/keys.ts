// Keys that work everywhere: g then a page's letter, / to search, ? for help.

export interface Keys {
  go: Record<string, () => void>;
  help: () => void;
}

const kTogetherMs = 1500;

/** Elements marked data-search take the `/`: the first that is on the page is focused or clicked. */
function search(): boolean {
  const target = document.querySelector<HTMLElement>('[data-search]');
  if (!target) return false;
  if (target instanceof HTMLInputElement) {
    target.focus();
    target.select();
  } else {
    target.click();
  }
  return true;
}

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ['TEXTAREA', 'SELECT'].includes(target.tagName) ||
      (target instanceof HTMLInputElement && !['checkbox', 'radio', 'button'].includes(target.type)))
  );
}

/** Listens until the returned function is called. */
export function listenToKeys(keys: Keys): () => void {
  let gAt = -Infinity;
  const listener = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (isTyping(event.target) || document.querySelector('dialog[open]')) return;
    const afterG = event.timeStamp - gAt < kTogetherMs;
    gAt = -Infinity;
    if (afterG && keys.go[event.key]) keys.go[event.key]!();
    else if (event.key === 'g') gAt = event.timeStamp;
    else if (event.key === '?') keys.help();
    else if (event.key !== '/' || !search()) return;
    event.preventDefault();
  };
  addEventListener('keydown', listener);
  return () => removeEventListener('keydown', listener);
}
