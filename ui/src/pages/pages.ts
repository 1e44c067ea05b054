// The pages, in the order of the navigation. A page is one entry here and its component: the shell, the router, the keys
// and the help walk this list, and what a page is made of is fetched when somebody goes there.

import type { IconNode } from 'lucide';
import type { Component } from 'svelte';
import { Activity, Road, Sprout } from '../lib/icons.ts';
import { cameras } from '../stores/cameras.svelte.ts';
import { images } from '../stores/images.svelte.ts';

/** What the address says to a page; its component takes it as properties. */
export type Params = Record<string, string | null>;

interface Entry<P extends Params> {
  /** The first part of its address. */
  page: string;
  name: string;
  path: string;
  /** After g. */
  key: string;
  icon: IconNode;
  /** A colour token. */
  accent: string;
  /** What `/` finds there. */
  finds: string;
  load: () => Promise<{ default: Component<P> }>;
  /** What the rest of the address means; null: nothing is there. */
  parse: (rest: string[]) => P | null;
  /** What comes before the page's name in the title, if anything. */
  title?: (params: P) => string | undefined;
  /** Reads what the page shares with others; called each time it is gone to. */
  start?: () => void;
}

export type Page = Entry<Params>;

/** Ties what an entry parses to what its component takes; in the list both are just parameters. */
function entry<P extends Params>(page: Entry<P>): Page {
  return page as unknown as Page;
}

export const pages: readonly Page[] = [
  entry<{ id: string | null }>({
    page: 'roads', name: 'Roads', path: '/roads', key: 'r', icon: Road, accent: 'var(--roads)', finds: 'a camera',
    load: () => import('./Roads.svelte'),
    parse: (rest) => (rest.length <= 1 ? { id: rest[0] ?? null } : null),
    title: ({ id }) => (id ? cameras.get(id)?.name : undefined),
    start: () => cameras.start(),
  }),
  entry<{ id: string | null }>({
    page: 'fields', name: 'Fields', path: '/fields', key: 'f', icon: Sprout, accent: 'var(--fields)', finds: 'a picture',
    load: () => import('./Fields.svelte'),
    parse: (rest) => (rest.length <= 1 ? { id: rest[0] ?? null } : null),
    title: ({ id }) => (id ? images.get(id)?.original_name : undefined),
    start: () => images.start(),
  }),
  entry<Record<string, never>>({
    page: 'operations', name: 'Operations', path: '/operations', key: 'o', icon: Activity, accent: 'var(--ink)', finds: 'a task',
    load: () => import('./Operations.svelte'),
    parse: (rest) => (rest.length === 0 ? {} : null),
    start: () => cameras.start(),
  }),
];

/** Where `/` leads. */
export const home = pages[0]!;

export function pageOf(name: string): Page | undefined {
  return pages.find((page) => page.page === name);
}
