// States of cameras and loops to their tone: the shape and colour beside the word.

import type { CameraState, Loop, LoopState } from '../api/types.ts';

export type Tone = 'good' | 'wait' | 'bad' | 'idle';

const kTones: Record<CameraState | LoopState, Tone> = {
  running: 'good',
  waiting: 'good',
  starting: 'wait',
  stopping: 'wait',
  unknown: 'wait',
  retrying: 'bad',
  unreachable: 'bad',
  standby: 'idle',
  finished: 'idle',
  stopped: 'idle',
  disabled: 'idle',
};

export function tone(state: CameraState | LoopState): Tone {
  return kTones[state] ?? 'wait';
}

/** A loop says itself how it is; of a camera that runs, a cause says that it does not run well: too slow, for example. */
export function toneOf(of: { state: CameraState | LoopState; cause: string | null; health?: Loop['health'] }): Tone {
  const usual = tone(of.state);
  if (usual === 'idle') return usual;
  return of.health ?? (of.state === 'running' && of.cause ? 'wait' : usual);
}

export function needsLook(loop: Loop): boolean {
  return toneOf(loop) === 'bad' || (loop.state === 'running' && toneOf(loop) === 'wait');
}

export interface LoopGroup {
  /** The report of who holds it, else of who has most to say. */
  main: Loop;
  /** Processes that stand by to take over. */
  standby: string[];
}

const kWeight: Record<Tone, number> = { bad: 0, wait: 1, good: 2, idle: 3 };

/** One row a loop, though every process reports it; those that need a look first, then by title. */
export function groupLoops(loops: Loop[]): LoopGroup[] {
  const byName = new Map<string, Loop[]>();
  for (const loop of loops) byName.set(loop.name, [...(byName.get(loop.name) ?? []), loop]);
  const groups = [...byName.values()].map((reports) => {
    const order = [...reports].sort(
      (a, b) =>
        Number(a.state === 'standby') - Number(b.state === 'standby') ||
        Number(b.held_by !== null) - Number(a.held_by !== null) ||
        kWeight[toneOf(a)] - kWeight[toneOf(b)],
    );
    const main = order[0]!;
    return { main, standby: order.slice(1).filter((l) => l.state === 'standby').map((l) => l.process) };
  });
  return groups.sort(
    (a, b) => Number(needsLook(b.main)) - Number(needsLook(a.main)) || a.main.title.localeCompare(b.main.title),
  );
}

