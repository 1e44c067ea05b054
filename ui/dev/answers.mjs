// The made-up world behind dev/mock.mjs: cameras, counts, loops.
import { answerFiles, kFileScenarios } from './files.mjs';
import { answerImages, kImageScenarios, makeImages } from './images.mjs';
import { answerJobs, kJobScenarios, makeJobs, recording, tickJobs } from './jobs.mjs';

export const kScenarios = [
  'normal', 'empty', 'one', 'many', 'motion', 'long', 'away', 'down', 'slow', 'silent', 'trouble', 'nolines', 'broken', 'login', 'nopicture', 'quiet', 'young', 'tooslow', ...kJobScenarios, ...kFileScenarios, ...kImageScenarios,
];

const kTypes = { car: 0.8, truck: 0.09, bus: 0.03, motorcycle: 0.03, bicycle: 0.05 };
const kDay = [22, 14, 9, 8, 15, 48, 132, 288, 341, 246, 203, 210, 221, 214, 228, 262, 325, 338, 270, 188, 130, 88, 60, 38];
const iso = (t) => new Date(t).toISOString();
const ago = (s) => iso(Date.now() - s * 1000);
const slug = (name) => name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-').replaceAll(/^-|-$/g, '').slice(0, 60);
/** The same number for the same text, 0..1. */
function chance(text) {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  h ^= h >>> 15;
  h = Math.imul(h, 2246822519);
  return ((h ^ (h >>> 13)) >>> 0) / 4294967296;
}

function status(id, change = {}) {
  return {
    id, state: 'running', word: 'running', cause: null, since: ago(5400), as_of: iso(Date.now()), retry_at: null, held_by: 'north-1:4121',
    width: 640, height: 352, fps_source: 24, fps_decoded: 24, fps_inferred: 24, frames: 129600, dropped: 0,
    model: { name: 'YOLOX-nano', kind: 'model', engine: 'OpenVINO', precision: 'f32', ms: 10.3, licence: 'Apache-2.0' },
    in_view: 6, moving: 1, period: 3, media_s: 17.4, live: true, ...change,
  };
}

function camera(name, change = {}, state = {}) {
  const id = slug(name);
  return {
    id, name, source: `rtsp://watch:***@10.0.4.17:554/${id}`, loop: false, starts_at: null, model: null,
    types: [...Object.keys(kTypes), 'person', 'moving'], enabled: true, created_at: ago(86400 * 40), updated_at: ago(86400 * 3),
    lines: [
      { id: `${id}-1`, name: 'Mill Street', x1: 200, y1: 250, x2: 639, y2: 250, a_to_b: 'into town', b_to_a: 'out of town' },
    ],
    count: null, ...change, status: status(id, state),
  };
}

export const world = {
  scenario: new Set(['normal']),
  cameras: [],
  images: [],
  missions: [],
  seconds: 0,
  crossed: 0,
  loggedIn: false,
  retriedAt: 0,
  reset(names) {
    this.scenario = new Set(names);
    this.cameras = makeCameras(this.scenario);
    this.loggedIn = false;
    Object.assign(this, makeImages(this.scenario));
    this.jobs = [];
    const counted = this.cameras.find((c) => c.id === 'overhead');
    if (counted) {
      const made = recording(this.scenario, counted.id);
      counted.count = made.count;
      if (made.job) this.jobs.push(made.job);
    }
    this.jobs = makeJobs(this.scenario, this.jobs);
  },
  /** Cameras say what their jobs say. */
  syncCounts() {
    for (const c of this.cameras.filter((each) => each.count)) {
      const its = this.jobs.find((j) => j.id === c.count.job);
      if (its) c.count = { ...c.count, state: its.state, progress: its.progress, error: its.error };
    }
  },
};

function makeCameras(s) {
  if (s.has('empty')) return [];
  const motion = {
    model: { name: 'motion', kind: 'motion', engine: 'OpenCV', precision: '', ms: 2.1, licence: null },
  };
  const unreachable = {
    state: 'retrying', word: 'source unreachable', since: ago(1800), attempts: 36, as_of: ago(1800), retry_at: iso(Date.now() + 26_000), in_view: null,
    moving: null, live: false, fps_decoded: null, fps_inferred: null,
    cause: 'Connection refused by 10.0.4.17:554. Check that the camera is on and the address is right.',
  };
  const tooSlow = {
    word: 'too slow', fps_inferred: 9.5, dropped: 2933,
    cause: '9.5 of 24 pictures a second are looked at; counts may be low. Use a smaller model or watch fewer cameras on this machine.',
  };
  const finished = { state: 'finished', word: 'finished', since: ago(5200), in_view: null, moving: null, fps_decoded: null, fps_inferred: null, live: false };
  const isPlaying = s.has('rec-running') || s.has('rec-again');
  const list = [
    camera('Mill Street', s.has('nolines') ? { lines: [] } : s.has('young') ? { created_at: ago(490) }  : {}, s.has('motion') ? motion : s.has('broken') ? unreachable : s.has('tooslow') ? tooSlow : {}),
  ];
  if (s.has('long')) {
    list[0].name = 'Donaudampfschifffahrtsgesellschaftskapitänsmützenstraße at the corner of Old Harbour Road, camera 2';
    list[0].status.model.name = 'ssd_mobilenet_v2_coco_openvino_converted_fp32_300x300';
    list[0].lines = [{ ...list[0].lines[0], name: 'Crossing before the railway underpass towards the industrial estate', a_to_b: 'towards the motorway junction and the ring road' }];
  }
  if (s.has('one')) return list;
  list.push(camera('Overhead', { source: '/data/clips/overhead.avi', starts_at: '2026-11-20T10:00:00Z', created_at: ago(6000), ...(s.has('rec-new') || s.has('nolines') ? { lines: [] } : {}) }, isPlaying ? { media_s: 142 } : s.has('rec-new') ? { ...finished, width: null, height: null, model: null } : finished));
  list.push(camera('Ring road east', { loop: true, source: '/data/clips/ring-road.mp4' }, { in_view: 11, moving: 9 }));
  list.push(camera('Station square', {}, unreachable));
  list.push(camera('Old bridge', { enabled: false }, { state: 'disabled', word: 'switched off', in_view: null, moving: null, live: false, model: null, fps_decoded: null, fps_inferred: null }));
  if (s.has('many')) {
    for (let i = 1; i <= 56; i += 1) {
      list.push(camera(`Junction ${String(i).padStart(2, '0')}${i % 7 === 0 ? ', northern approach' : ''}`, {}, i % 19 === 0 ? unreachable : i % 23 === 0 ? { state: 'starting', word: 'starting', live: false } : {}));
    }
  }
  return list.sort((a, b) => a.name.localeCompare(b.name));
}
world.reset(['normal']);

function rows(cameraId) {
  const crowd = world.scenario.has('many') ? 40 : 4;
  const t = world.seconds;
  if (world.scenario.has('quiet')) return [];
  const list = [];
  for (let i = 0; i < crowd; i += 1) {
    const born = Math.floor((t + i * 7) / (crowd * 3)) * crowd * 3 - i * 7;
    const age = t - born;
    const standing = i < 2;
    list.push({
      camera_id: cameraId, vehicle_type: world.scenario.has('motion') ? 'moving' : ['car', 'car', 'truck', 'bicycle', 'bus', 'motorcycle'][i % 6],
      track_id: standing ? i + 1 : 400 + born * 2 + i, x_coord: standing ? 382 + i * 40 : 200 + age * 14, y_coord: standing ? 166 : 120 + age * 9,
      avg_speed: null, count: 1, last_update: iso(Date.now()), first_seen: ago(standing ? 900 + t : age + 0.4), moving: !standing,
    });
  }
  return list;
}

const current = (id) => ({ camera_id: id, as_of: iso(Date.now()), rows: rows(id) });
export const marks = (id) => ({
  v: 1, t: iso(Date.now()), w: 640, h: 352,
  boxes: rows(id).map((r, i) => ({ x: r.x_coord - 22, y: r.y_coord - 30, w: 44, h: 30, id: r.track_id, type: r.vehicle_type, parked: !r.moving })).filter((b) => b.x > 0 && b.x < 600 && b.y < 320),
});
const isRunning = (c) => c.status.state === 'running';

function hourly(cameraId, from, to) {
  const list = [];
  const first = Math.floor(from / 3600e3) * 3600e3;
  for (let t = first; t < to; t += 3600e3) {
    const elapsed = Math.min(3600, (Date.now() - t) / 1000);
    if (t < Date.now() - 40 * 86400e3) continue;
    if (elapsed <= 0) break;
    const hour = new Date(t).getHours();
    const luck = chance(`${cameraId}${t}`);
    const age = (Date.now() - t) / 3600e3;
    let watched = elapsed;
    if (luck < 0.03 || hour === 3) watched = 0;
    else if (luck < 0.08 || (hour === 11 && age < 24)) watched = elapsed * 0.55;
    else if (age < 1) watched = elapsed * 0.92;
    const quiet = world.scenario.has('quiet') ? 0 : 1;
    const n = Math.round(kDay[hour] * (0.85 + 0.3 * luck) * (watched / 3600) * quiet);
    list.push({ t, watched, n, elapsed });
  }
  return list;
}

function split(n) {
  if (world.scenario.has('motion')) return [['moving', n]];
  return Object.entries(kTypes).map(([type, share]) => [type, Math.round(n * share)]).filter(([, k]) => k > 0);
}

function fiveMinutes(q) {
  const id = q.get('camera');
  const list = [];
  for (let t = Date.parse(q.get('from')); t < Date.parse(q.get('to')); t += 300e3) list.push({ t, n: Math.round(38 * (0.6 + 0.8 * chance(`${id}${t}`))) });
  return {
    grain: '5min', rows: list.map((h) => ({ report_hour: iso(h.t), camera_id: id, vehicle_type: 'car', avg_speed: null, intensity: null, density: 1, coverage_s: 300, crossings: h.n, vehicles: h.n, partial: false })).reverse(),
    coverage: list.map((h) => ({ report_hour: iso(h.t), camera_id: id, coverage_s: 300 })), speed_reason: 'not calibrated', next: null,
  };
}

function history(q) {
  if (q.get('grain') === '5min') return fiveMinutes(q);
  const id = q.get('camera');
  const rowsOf = hourly(id, Date.parse(q.get('from')), q.get('to') ? Date.parse(q.get('to')) : Date.now());
  const list = rowsOf.flatMap((h) => split(h.n).map(([vehicle_type, vehicles]) => ({
    report_hour: iso(h.t), camera_id: id, vehicle_type, avg_speed: null, intensity: h.watched > 60 ? (vehicles * 3600) / h.watched : null, density: 2.1,
    coverage_s: h.watched, crossings: vehicles, vehicles, partial: h.watched < 3590,
  })));
  return {
    grain: 'hour', rows: list.reverse(), coverage: rowsOf.map((h) => ({ report_hour: iso(h.t), camera_id: id, coverage_s: h.watched })),
    speed_reason: 'not calibrated', next: null,
  };
}

function kpi(q) {
  const id = q.get('camera');
  const c = world.cameras.find((x) => x.id === id);
  if (!c) return { status: 404, body: { error: { code: 'not_found', message: `there is no camera ${id}` } } };
  const from = Date.parse(q.get('from'));
  const to = q.get('to') ? Date.parse(q.get('to')) : Date.now();
  const hours = hourly(id, from, to);
  const now = hourly(id, Date.now(), Date.now() + 1)[0];
  const total = c.count ? (to - from < 60e3 ? 14 : 1043) : hours.reduce((sum, h) => sum + h.n, 0) + world.crossed;
  const watched = c.count ? (to - from) / 1000 : hours.reduce((sum, h) => sum + h.watched, 0);
  const day = hourly(id, Date.now() - 23 * 3600e3, Date.now()).slice(-24).map((h) => Math.round(h.n * 0.58));
  const mix = split(total);
  const sum = mix.reduce((s, [, n]) => s + n, 0);
  const dead = world.scenario.has('broken');
  return {
    status: 200,
    body: {
      camera_id: id, from: iso(from), to: iso(to), as_of: iso(Date.now()), counting: c.lines.length ? 'lines' : 'tracks',
      since: c.created_at, hours_from: iso(Math.floor(Date.now() / 3600e3) * 3600e3 - 23 * 3600e3),
      last_60_min: { vehicles: dead ? null : 312 + world.crossed, coverage_s: dead ? 0 : world.scenario.has('young') ? 470 : 3380, period_s: world.scenario.has('young') ? 490 : 3600 },
      this_hour: { vehicles: dead ? null : now.n + world.crossed, coverage_s: dead ? 0 : now.watched, period_s: now.elapsed },
      last_15_min: { vehicles: dead ? null : 84, coverage_s: dead ? 0 : 860, period_s: 900, flow_per_h: dead ? null : 352 + world.crossed },
      total: { vehicles: total, coverage_s: watched, period_s: (to - from) / 1000 },
      speed: { median_kmh: null, reason: 'not calibrated' },
      mix: sum ? mix.map(([vehicle_type, vehicles]) => ({ vehicle_type, vehicles, share: vehicles / sum })) : [],
      lines: c.lines.flatMap((l) => [
        { line_id: l.id, name: l.name, direction: 'a_to_b', label: l.a_to_b, vehicles: Math.round(total * 0.58), by_hour: day },
        { line_id: l.id, name: l.name, direction: 'b_to_a', label: l.b_to_a, vehicles: Math.round(total * 0.42), by_hour: day.map((n) => Math.round(n * 0.7)) },
      ]),
    },
  };
}

function crossings(q) {
  const from = Date.parse(q.get('from') ?? ago(600));
  const c = world.cameras.find((each) => each.id === q.get('camera'));
  const l = c?.lines[0];
  const list = l ? Array.from({ length: 14 }, (_, n) => ({ id: n + 1, t: iso(from + n * 850), camera_id: c.id, line_id: l.id, line: l.name, direction: n % 3 ? 'a_to_b' : 'b_to_a', label: n % 3 ? l.a_to_b : l.b_to_a, track_id: n, vehicle_type: n % 5 ? 'car' : 'truck', x: 1, y: 1, frame: n })) : [];
  return { crossings: list.reverse(), next: null };
}

function quality(q) {
  if (q.get('camera') === 'overhead') return { issues: [], next: null };
  if (world.scenario.has('quiet')) return { issues: [], next: null };
  const id = q.get('camera');
  const at = (h, m) => { const d = new Date(); d.setHours(h, m, 0, 0); if (d > Date.now()) d.setDate(d.getDate() - 1); return d.getTime(); };
  const list = [
    { issue: 'source unreachable', cause: 'Connection refused by 10.0.4.17:554; came back by itself', from: iso(at(11, 4)), to: iso(at(11, 9)), missing_s: 292 },
    { issue: 'detector changed', cause: 'YOLOX-nano to YOLOX-tiny; counts before and after may differ', from: iso(at(6, 12)), to: iso(at(6, 12)), missing_s: null },
    { issue: 'process stopped', cause: 'Vedette was stopped and started again 57 minutes later', from: iso(at(3, 0)), to: iso(at(3, 57)), missing_s: 3420 },
  ];
  if (world.scenario.has('broken')) list.unshift({ issue: 'source unreachable', cause: 'Connection refused by 10.0.4.17:554', from: ago(1800), to: null, missing_s: null });
  return { issues: list.map((i, n) => ({ id: 90 - n, camera_id: id, ...i })), next: null };
}

function loops() {
  const s = world.scenario;
  const base = {
    role: 'keep', state: 'waiting', word: 'waiting', cause: null, since: ago(3600), held_by: 'north-1:4121', token: 1, last_success_at: ago(3), took_ms: 2,
    next_at: iso(Date.now() + 2000), restarts: 0, last_error: null, last_error_at: null, process: 'north-1:4121',
  };
  const list = world.cameras.filter((c) => c.enabled && !c.count).map((c) => {
    const bad = c.status.state === 'retrying' && Date.now() - world.retriedAt > 8000;
    return {
      ...base, name: `camera:${c.id}`, title: `Camera: ${c.name}`, role: 'watch', state: bad ? 'retrying' : 'running', word: bad ? 'source unreachable' : 'running',
      cause: bad ? c.status.cause : null, since: c.status.since, token: bad ? 9 : 3, took_ms: bad ? null : 11, last_success_at: bad ? ago(1800) : ago(0),
      next_at: bad ? c.status.retry_at : null, restarts: bad ? 8 : 0, last_error: bad ? 'connection refused' : null, last_error_at: bad ? ago(20) : null,
    };
  });
  list.push({ ...base, name: 'rollup', title: 'Roll-up', held_by: 'north-2:977', process: 'north-2:977' });
  list.push({ ...base, name: 'rollup', title: 'Roll-up', state: 'standby', word: 'standing by', held_by: 'north-2:977', token: null, took_ms: null, next_at: null, last_success_at: null });
  list.push({
    ...base, name: 'retention', title: 'Retention', took_ms: 140, last_success_at: ago(3700), held_by: 'north-2:977', process: 'north-2:977', token: 2, restarts: 1,
    ...(s.has('trouble') ? { state: 'starting', word: 'starting', cause: 'Taken over from north-1, whose lease ran out at 14:31:40' } : { next_at: iso(Date.now() + 2.1e6) }),
  });
  list.push({ ...base, name: 'heartbeat', title: 'Heartbeat', took_ms: 0.8 });
  if (s.has('trouble')) {
    list.push({ ...base, name: 'backup', title: 'Quality log', state: 'unreachable', word: 'process does not answer', cause: 'No heartbeat of south-3:12 for 48 s. Its lease runs out in 12 s, then another process takes over.', process: 'south-3:12', held_by: 'south-3:12', token: 4 });
  }
  const away = s.has('away');
  return {
    loops: away ? list.filter((l) => l.process === 'north-1:4121').map((l) => (l.role === 'keep' ? { ...l, state: 'retrying', word: 'database away', cause: 'Could not connect to 10.0.4.2:5432: connection refused. Check that PostgreSQL runs.', next_at: iso(Date.now() + 9000), held_by: null, token: null } : l)) : list,
    complete: !away, reason: away ? 'The database is away: the other processes cannot be asked.' : null,
  };
}

function statusOf(open) {
  const away = world.scenario.has('away');
  return {
    version: '0.1.0', started_at: ago(7400), process: 'north-1:4121', roles: ['api', 'watch', 'keep'],
    database: {
      kind: 'PostgreSQL', reachable: !away, version: '15.14', message: away ? 'could not connect to 10.0.4.2:5432: connection refused' : null, since: away ? ago(95) : null,
      size_bytes: away ? null : 1_912_000_000, tables: { work: 3, traffic: 4 }, writable: !away, writes: 24_813, slowest_write_ms: 18.2,
    },
    machine: { load_1: 1.4, cores: 4, memory_bytes: 16e9, memory_available_bytes: 9.1e9 },
    notes: world.scenario.has('motion') ? [{ title: 'Counted by motion, no detection model', text: 'Mill Street. Whatever moves is counted there; types are not known.' }] : [],
    processes: away ? [] : [
      { id: 'a1', name: 'north-1:4121', roles: 'api, watch, keep', version: '0.1.0', started_at: ago(7400), heartbeat_at: ago(1), resident_bytes: 312e6, alive: true },
      { id: 'b2', name: 'north-2:977', roles: 'keep', version: '0.1.0', started_at: ago(990), heartbeat_at: ago(2), resident_bytes: 48e6, alive: true },
      ...(world.scenario.has('trouble') ? [{ id: 'c3', name: 'south-3:12', roles: 'watch', version: '0.1.0', started_at: ago(99000), heartbeat_at: ago(48), resident_bytes: 290e6, alive: false }, { id: 'd4', name: 'south-4:9', roles: 'watch', version: '0.1.0', started_at: ago(99000), heartbeat_at: ago(600), resident_bytes: 290e6, stopped_at: ago(600), alive: false }] : []),
    ],
    viewers: { live_streams: open.live, event_streams: open.events, connections: 9, requests: 48_112, requests_per_s: 12.2, p99_ms: 3.1 },
  };
}

const detectors = () => ({
  detectors: [
    ...(world.scenario.has('motion') ? [] : [
      { name: 'YOLOX-nano', kind: 'model', licence: 'Apache-2.0', labels: ['person', 'bicycle', 'car'], problem: null },
      { name: 'ssd_mobilenet_v2', kind: 'model', licence: 'Apache-2.0', labels: ['person'], problem: null },
      { name: 'FastestDet', kind: 'model', licence: 'BSD-3-Clause', labels: ['person'], problem: 'the layout of its output is not known' },
    ]),
    { name: 'motion', kind: 'motion', licence: null, labels: ['moving'], problem: null },
  ],
  notes: world.scenario.has('motion') ? ['No model was found in /data/models. Put an ONNX or OpenVINO model with its sidecar file there.'] : [],
});

/** What lines would have counted: more, the lower they lie in the picture. */
function tried(lines) {
  const dead = world.scenario.has('broken');
  const quiet = dead || world.scenario.has('quiet');
  const one = (l) => {
    const a_to_b = quiet ? 0 : Math.round((l.y1 + l.y2) / 9);
    const b_to_a = Math.round(a_to_b / 3);
    const on = (part) => ({ x: l.x1 + part * (l.x2 - l.x1), y: l.y1 + part * (l.y2 - l.y1) });
    return {
      crossings: dead ? null : { a_to_b, b_to_a },
      likely: dead ? null : { a_to_b: quiet ? 0 : 4, b_to_a: 0 },
      by_type: a_to_b ? [{ vehicle_type: 'car', a_to_b, b_to_a }] : [],
      newest: Array.from({ length: Math.min(20, a_to_b) }, (_, n) => ({ t: ago(8 + 21 * n), vehicle_type: 'car', direction: n % 4 ? 'a_to_b' : 'b_to_a', track_id: 90 - n, ...on(chance(`${n}`)) })),
    };
  };
  return {
    from: ago(600), to: ago(0), coverage_s: dead ? 0 : 541, sampled_every_s: 1, tracks: quiet ? 0 : 143, truncated: false, lines: lines.map(one),
  };
}

const fail = (status, code, message, field) => ({ status, body: { error: { code, message, ...(field ? { field } : {}) } } });
const ok = (body, status = 200) => ({ status, body });
const sessionOf = () => {
  if (world.scenario.has('readonly')) return { may_write: false, login_required: false, user: null };
  const needed = world.scenario.has('login');
  return { may_write: !needed || world.loggedIn, login_required: needed, user: world.loggedIn ? 'admin' : null };
};

function checkSource(body) {
  if (/missing/.test(body.source)) return fail(400, 'invalid', `there is no file ${body.source} on the machine that watches`, 'source');
  return null;
}

/** One request to its answer: {status, body} or {text}. */
export async function answer(method, path, q, body, publish, open) {
  const s = world.scenario;
  if (path === '/api/session') return ok(sessionOf());
  if (path === '/api/login') {
    const given = await body();
    if (given.password !== 'secret') return fail(401, 'unauthorized', 'user or password is wrong');
    world.loggedIn = true;
    return ok(sessionOf());
  }
  if (path === '/api/logout') { world.loggedIn = false; return ok(undefined, 204); }
  if ((method !== 'GET' || path === '/api/sources/files') && !sessionOf().may_write) return fail(401, 'unauthorized', 'log in to change anything');
  if (path === '/api/status') return ok(statusOf(open));
  if (path === '/api/loops') return ok(loops());
  if (path === '/api/detectors') return ok(detectors());
  if (s.has('away')) return fail(503, 'unavailable', 'the database is away: could not connect to 10.0.4.2:5432; retrying in 9 s');
  if (/^\/api\/loops\/.*\/leases$/.test(path)) {
    return ok({ leases: [3, 2, 1].map((n) => ({ name: path.split('/')[3], token: n, holder: `h${n}`, process: n % 2 ? 'north-1:4121' : 'north-2:977', acquired_at: ago(9000 * (4 - n)), ended_at: n === 3 ? null : ago(9000 * (3 - n)), ended_by: n === 3 ? null : n === 2 ? 'stopped' : 'ran out' })) });
  }
  if (/^\/api\/loops\/.*\/retry$/.test(path)) { world.retriedAt = Date.now(); publish('loops', {}); return ok(undefined, 202); }
  if (path === '/api/sources/files') return answerFiles(q, s, fail, ok);
  const aboutImages = /^\/api\/(image|mission)/.test(path) ? await answerImages(method, path, q, body, world, fail, ok) : null;
  if (aboutImages) return aboutImages;
  const aboutJobs = path.startsWith('/api/jobs') ? answerJobs(method, path, q, world, fail, ok) : null;
  if (aboutJobs) return aboutJobs;
  if (path === '/api/traffic/crossings') return ok(crossings(q));
  const strip = /^\/api\/cameras\/([^/]+)\/thumbnails$/.exec(path);
  if (strip) {
    const its = world.cameras.find((c) => c.id === strip[1])?.count;
    const [from, to] = [Date.parse(its?.from ?? ''), Date.parse(its?.to ?? '')];
    return ok({ thumbnails: its?.from ? Array.from({ length: 12 }, (_, n) => ({ t: iso(from + ((to - from) * (n + 0.5)) / 12), media_s: ((to - from) * (n + 0.5)) / 12e3, url: `/api/cameras/${strip[1]}/thumbnails/${n}` })) : [] });
  }
  const counts = /^\/api\/cameras\/([^/]+)\/count$/.exec(path);
  if (counts) {
    const its = world.cameras.find((c) => c.id === counts[1]);
    const made = recording(new Set(['rec-running']), its.id);
    made.job.id = Math.max(0, ...world.jobs.map((j) => j.id)) + 1;
    world.jobs.push(made.job);
    its.count = { ...its.count, job: made.job.id };
    world.syncCounts();
    return ok({ job: made.job }, 202);
  }
  if (path === '/api/traffic/current') return ok({ cameras: world.cameras.filter((c) => c.id === q.get('camera')).map((c) => (isRunning(c) ? current(c.id) : { camera_id: c.id, as_of: null, rows: [] })), speed_reason: 'not calibrated' });
  if (path === '/api/traffic/history') return ok(history(q));
  if (path === '/api/traffic/history.csv') return { text: 'report_hour,camera_id,vehicle_type,vehicles\n' + history(q).rows.map((r) => `${r.report_hour},${r.camera_id},${r.vehicle_type},${r.vehicles}`).join('\n') };
  if (path === '/api/traffic/kpi') return kpi(q);
  if (path === '/api/traffic/quality') return ok(quality(q));
  if (path === '/api/cameras' && method === 'GET') return ok({ cameras: world.cameras, next: null });
  if (path === '/api/cameras' && method === 'POST') {
    const input = await body();
    const wrong = checkSource(input);
    if (wrong) return wrong;
    if (world.cameras.some((c) => c.id === slug(input.name))) return fail(409, 'conflict', 'another camera has this name', 'name');
    const isRecorded = input.start !== undefined;
    const added = camera(input.name, { ...input, lines: [], ...(isRecorded ? { count: recording(new Set(['rec-new']), '').count } : {}) }, { state: 'starting', word: 'starting', live: false, in_view: null, moving: null });
    world.cameras.push(added);
    setTimeout(() => { added.status = status(added.id); publish('camera', added.status); }, 3000);
    publish('cameras', {});
    return ok(added, 201);
  }
  const trial = /^\/api\/cameras\/([^/]+)\/lines\/try$/.exec(path);
  if (trial) return ok(tried((await body()).lines));
  const match = /^\/api\/cameras\/([^/]+)(\/lines)?$/.exec(path);
  const found = match && world.cameras.find((c) => c.id === match[1]);
  if (!found) return fail(404, 'not_found', `nothing is at ${path}`);
  if (match[2]) {
    if (method === 'PUT') { found.lines = (await body()).lines.map((l, i) => ({ id: `${found.id}-${Date.now()}-${i}`, ...l })); publish('cameras', {}); }
    return ok({ lines: found.lines });
  }
  if (method === 'DELETE') { world.cameras = world.cameras.filter((c) => c !== found); publish('cameras', {}); return ok(undefined, 204); }
  if (method === 'PUT') { const input = await body(); const wrong = checkSource(input); if (wrong) return wrong; Object.assign(found, input); publish('cameras', {}); }
  return ok(found);
}

/** What happens in one second. */
export function tick(publish) {
  world.seconds += 1;
  tickJobs(world, publish);
  for (const c of world.cameras.filter(isRunning)) {
    const seen = current(c.id);
    c.status = { ...c.status, in_view: seen.rows.length, moving: seen.rows.filter((r) => r.moving).length, media_s: world.seconds % 38, as_of: iso(Date.now()) };
    publish('current', seen);
    if (world.seconds % 2 === 0) publish('camera', c.status);
    if (world.seconds % 7 === 0 && c.lines[0] && !world.scenario.has('quiet')) {
      world.crossed += 1;
      const l = c.lines[0];
      publish('crossing', { id: world.seconds, t: iso(Date.now()), camera_id: c.id, line_id: l.id, line: l.name, direction: 'a_to_b', label: l.a_to_b, track_id: 7, vehicle_type: 'car', x: 400, y: 250, frame: world.seconds * 24 });
    }
  }
  if (world.seconds % 10 === 0) publish('history', {});
  if (world.seconds % 5 === 0) publish('loops', {});
}
