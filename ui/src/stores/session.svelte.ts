// Who the reader is to the server, and the login that a refused write asks for.

import { onLoginNeeded, read, write } from '../api/client.ts';
import type { Session } from '../api/types.ts';
import { feed } from './feed.svelte.ts';

class SessionState {
  value = $state.raw<Session | null>(null);
  /** The login dialog is wanted. */
  asking = $state(false);
  #answer: ((loggedIn: boolean) => void) | null = null;

  /** Whether asking for a change makes sense: it is allowed, or a log-in may allow it. */
  get mayAsk(): boolean {
    return this.value === null || this.value.may_write || this.value.login_required;
  }

  start() {
    onLoginNeeded(() => this.ask());
    void this.refresh();
  }

  async refresh() {
    try {
      this.value = await read<Session>('/api/session');
    } catch {
      // Unknown is no obstacle: a write that needs a login says so itself.
      this.value = null;
    }
  }

  /** Opens the dialog; resolves when it closes, to whether the reader is logged in. */
  ask(): Promise<boolean> {
    this.asking = true;
    return new Promise((resolve) => {
      this.#answer?.(false);
      this.#answer = resolve;
    });
  }

  /** Throws ApiError when refused. */
  async login(user: string, password: string) {
    this.value = await write<Session>('POST', '/api/login', { user, password });
    this.close(true);
    // What only a logged-in reader may see, can be read now.
    feed.readAgain();
  }

  async logout() {
    await write('POST', '/api/logout');
    await this.refresh();
  }

  close(loggedIn = false) {
    this.asking = false;
    this.#answer?.(loggedIn);
    this.#answer = null;
  }
}

export const session = new SessionState();
