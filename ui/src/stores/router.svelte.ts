// Addresses to pages on the History API. Links are ordinary links; a click inside the application
// does not reload it.

import { dialogs } from './dialogs.svelte.ts';
import { home, pageOf, type Params } from '../pages/pages.ts';

export interface Route {
  /** A page's, or `unknown`. */
  page: string;
  path: string;
  params: Params;
}

export function parseRoute(path: string): Route {
  const [first, ...rest] = path.split('/').slice(1).filter((part) => part !== '').map(decode);
  const page = first === undefined ? home : pageOf(first);
  const params = page?.parse(rest);
  return page && params ? { page: page.page, path, params } : { page: 'unknown', path, params: {} };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

class Router {
  route = $state.raw<Route>({ page: home.page, path: home.path, params: {} });
  query = $state.raw(new URLSearchParams());

  start() {
    addEventListener('popstate', () => dialogs.takesBack() || this.#take());
    document.addEventListener('click', (event) => this.#onClick(event));
    this.#take();
    if (location.pathname === '/') this.replace(home.path);
  }

  go(path: string) {
    if (path === location.pathname + location.search) return;
    const samePage = parseRoute(new URL(path, location.href).pathname).page === this.route.page;
    if (dialogs.givesEntry()) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
    this.#take();
    if (samePage) return;
    // As after a load: from the top, and read from there.
    scrollTo(0, 0);
    document.getElementById('main')?.focus({ preventScroll: true });
  }

  replace(path: string) {
    dialogs.givesEntry();
    history.replaceState(null, '', path);
    this.#take();
  }

  /** The present address with other query values; null takes one away. */
  withQuery(changes: Record<string, string | null>): string {
    const query = new URLSearchParams(this.query);
    for (const [key, value] of Object.entries(changes)) {
      if (value === null) query.delete(key);
      else query.set(key, value);
    }
    const text = query.toString();
    return location.pathname + (text ? `?${text}` : '');
  }

  #take() {
    this.route = parseRoute(location.pathname);
    this.query = new URLSearchParams(location.search);
  }

  #onClick(event: MouseEvent) {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (parseRoute(link.pathname).page === 'unknown') return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();
