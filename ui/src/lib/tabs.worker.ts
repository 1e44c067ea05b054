// The shared worker: one for all tabs of a browser that show this server.

import { Switchboard, type ToWorker } from './shared.ts';

const isThere = async () => {
  try {
    return (await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(4000) })).ok;
  } catch {
    return false;
  }
};

const board = new Switchboard('/api/events', isThere);

addEventListener('connect', (event) => {
  const port = (event as MessageEvent).ports[0]!;
  port.onmessage = (message: MessageEvent<ToWorker>) => board.hear(port, message.data);
  board.join(port);
});
