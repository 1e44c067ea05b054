// The made-up queue behind dev/mock.mjs: jobs in all their states, and recordings that are counted by them.

export const kJobScenarios = ['nojobs', 'flood', 'paused', 'readonly', 'rec-new', 'rec-waiting', 'rec-running', 'rec-again', 'rec-failed', 'rec-done', 'rec-outdated', 'rec-stopped', 'rec-long'];

const iso = (t) => new Date(t).toISOString();
const ago = (s) => iso(Date.now() - s * 1000);
const kTitles = { 'count-file': 'Count a recorded file', 'export-history': 'Write a history as a file', 'sweep-blobs': 'Sweep orphans from the store' };
const kFailure = '/data/clips/bridge.mp4 cannot be read: moov atom not found. The recording was not ended properly; copy it again from the recorder.';

let next = 4000;
function job(kind, what, state, change = {}) {
  const id = next++;
  const ended = ['completed', 'discarded', 'cancelled'].includes(state);
  return {
    id, kind, title: kTitles[kind], what, state, key: null, priority: 0, payload: { camera: 'mill-street', source: '/data/clips/mill-street.mp4' }, created_at: ago(900), run_at: ago(900),
    started_at: state === 'available' ? null : ago(640), finished_at: ended ? ago(40) : null, attempt: state === 'available' ? 0 : 1, failures: 0, crashes: 0,
    progress: { done: ended && state === 'completed' ? 12_000 : 0, total: state === 'completed' ? 12_000 : null, message: '', left_s: null }, error: null,
    result: state === 'completed' ? { vehicles: 341, pictures: 12_000 } : null, process: state === 'available' ? null : 'north-1:4121', parent: null, open_children: 0, is_cancelling: false,
    can: ended ? ['retry'] : state === 'failed' ? ['retry', 'cancel'] : ['cancel'], ...change,
  };
}

/** The job of a recording, and what its camera says of it. */
export function recording(scenario, id) {
  const is = (name) => scenario.has(`rec-${name}`);
  const result = { counted_at: ago(5200), from: iso(Date.parse('2026-11-20T10:00:00Z')), to: iso(Date.parse('2026-11-20T10:00:00Z') + (is('long') ? 2.3 * 3600e3 : 12_400)), is_outdated: is('outdated'), times_from: is('outdated') ? 'first_count' : 'starts_at', exports: true };
  const none = { counted_at: null, from: null, to: null, is_outdated: false, times_from: null, exports: false };
  const make = (state, change) => job('count-file', 'Overhead, overhead.avi', state, { key: id, ...change });
  const counting = () => make('running', { progress: { done: 3412, total: 12_000, message: '57 road users; Mill Street: 31 away, 26 towards the camera', left_s: 100 } });
  const found =
    is('new') ? [null, none]
    : is('waiting') ? [make('available'), none]
    : is('running') ? [counting(), none]
    : is('again') ? [counting(), result]
    : is('failed') ? [make('discarded', { error: kFailure, failures: 1 }), none]
    : is('stopped') ? [make('cancelled', { progress: { done: 5200, total: 12_000, message: '', left_s: null } }), none]
    : [make('completed', { started_at: ago(5520), finished_at: ago(5200) }), result];
  const [its, facts] = found;
  return { job: its, count: { job: its?.id ?? null, state: its?.state ?? null, progress: its?.progress ?? null, error: its?.error ?? null, ...facts } };
}

export function makeJobs(s, counts) {
  next = 4000 + counts.length;
  if (s.has('nojobs')) return counts;
  const list = [
    ...counts,
    job('export-history', 'Mill Street, October 2026, by 5 minutes', 'running', { progress: { done: 41, total: null, message: 'reading November', left_s: null } }),
    job('count-file', 'North bridge, 4 files', 'running', { key: 'north-bridge', progress: { done: 190_412, total: 1_296_000, message: '', left_s: 4100 }, process: 'north-2:977', attempt: 3, crashes: 2 }),
    job('count-file', 'Ring road east, ring-road-2026-11-19.mkv', 'available', { key: 'ring-road' }),
    job('export-history', 'Station square, 2026', 'available', { run_at: iso(Date.now() + 1500e3) }),
    job('export-history', 'Mill Street, September 2026, by 5 minutes', 'completed', { finished_at: ago(300), started_at: ago(312) }),
    job('count-file', 'Old bridge, bridge-2.mp4', 'cancelled', { finished_at: ago(2000) }),
  ];
  if (s.has('trouble')) {
    list.push(
      job('count-file', 'Old bridge, bridge.mp4', 'discarded', { key: 'old-bridge', error: kFailure, failures: 1, finished_at: ago(200) }),
      job('export-history', 'Ring road east, 2025', 'failed', { error: 'the folder /data/exports is full (0 bytes of 120 GB free): free some space there', failures: 2, attempt: 2, run_at: iso(Date.now() + 74_000) }),
      job('count-file', 'Junction 7, night.mp4', 'discarded', { key: 'junction-7', error: 'its process ended three times while it ran: it may be what ends them. Try it alone, with a smaller model.', crashes: 3, attempt: 3, finished_at: ago(4000) }),
      job('count-file', 'Junction 8, day.mp4', 'running', { key: 'junction-8', is_cancelling: true, progress: { done: 900, total: 4000, message: '', left_s: 20 }, can: [] }),
    );
  }
  if (s.has('flood')) for (let i = 0; i < 130; i += 1) list.push(job('export-history', `Junction ${i}, November 2026`, 'available'));
  return list;
}

const paused = new Set();
export function kindsOf(jobs, s) {
  const of = (kind, state) => jobs.filter((j) => j.kind === kind && j.state === state);
  return Object.entries(kTitles).map(([kind, title]) => {
    const ready = of(kind, 'available').filter((j) => Date.parse(j.run_at) <= Date.now());
    const failing = [...of(kind, 'discarded'), ...of(kind, 'failed')];
    return {
      kind, title, is_paused: paused.has(kind) || (s.has('paused') && kind === 'count-file'), available: s.has('flood') && ready.length > 0 ? 10_000 : ready.length,
      scheduled: of(kind, 'available').length - ready.length, running: of(kind, 'running').length, failed: of(kind, 'failed').length, is_more: s.has('flood'),
      oldest_ready: ready.length > 0 ? ago(s.has('flood') ? 4000 : 260) : null, completed_hour: of(kind, 'completed').length, completed_day: of(kind, 'completed').length * 4,
      discarded_day: of(kind, 'discarded').length, failures_day: failing.reduce((n, j) => n + j.failures, 0), crashes_day: failing.reduce((n, j) => n + j.crashes, 0),
      mean_s: of(kind, 'completed').length > 0 ? 312 : null, last_error: failing[0]?.error ?? null, last_error_at: failing.length > 0 ? ago(200) : null,
    };
  });
}

/** A request about jobs to its answer; null when it is about something else. */
export function answerJobs(method, path, q, world, fail, ok) {
  const { jobs, scenario } = world;
  if (path === '/api/jobs') {
    const states = q.get('state')?.split(',');
    const found = jobs.filter((j) => (!states || states.includes(j.state)) && (!q.get('kind') || j.kind === q.get('kind'))).sort((a, b) => b.id - a.id);
    const limit = Number(q.get('limit') ?? 100);
    return ok({ jobs: found.slice(0, limit), next: found.length > limit ? found[limit - 1].id : null });
  }
  if (path === '/api/jobs/kinds') return ok({ kinds: scenario.has('nojobs') ? [] : kindsOf(jobs, scenario) });
  const pause = /^\/api\/jobs\/kinds\/([^/]+)\/(pause|resume)$/.exec(path);
  if (pause) {
    if (pause[2] === 'pause') paused.add(pause[1]);
    else paused.delete(pause[1]);
    return ok(kindsOf(jobs, scenario).find((k) => k.kind === pause[1]));
  }
  const one = /^\/api\/jobs\/(\d+)(?:\/(retry|cancel))?$/.exec(path);
  if (!one) return null;
  const found = jobs.find((j) => j.id === Number(one[1]));
  if (!found) return fail(404, 'not_found', `there is no job ${one[1]}`);
  if (one[2] === 'retry') Object.assign(found, { state: 'available', started_at: null, finished_at: null, run_at: ago(0), failures: 0, crashes: 0, can: ['cancel'] });
  if (one[2] === 'cancel') Object.assign(found, found.state === 'running' ? { is_cancelling: true, can: [] } : { state: 'cancelled', finished_at: ago(0), can: ['retry'] });
  world.syncCounts();
  return ok(found, one[2] === 'cancel' ? 202 : 200);
}

/** What the queue does in a second. */
export function tickJobs(world, publish) {
  for (const j of world.jobs) {
    if (j.is_cancelling && world.seconds % 3 === 0) Object.assign(j, { state: 'cancelled', is_cancelling: false, finished_at: ago(0), can: ['retry'] });
    else if (j.state === 'running' && !world.scenario.has('still')) {
      j.progress = { ...j.progress, done: j.progress.done + 60, left_s: j.progress.left_s === null ? null : Math.max(1, j.progress.left_s - 1) };
    } else continue;
    publish('job', j);
  }
  world.syncCounts();
  if (world.seconds % 3 === 0) publish('kinds', { kinds: world.scenario.has('nojobs') ? [] : kindsOf(world.jobs, world.scenario) });
}
