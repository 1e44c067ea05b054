// The shapes of docs/api/openapi.yaml, by hand: what the pages read and write. Times are RFC 3339
// texts in UTC.

export type Instant = string;

export type CameraState =
  | 'running' | 'starting' | 'waiting' | 'standby' | 'retrying' | 'finished' | 'disabled' | 'stopped' | 'unknown';

export interface ModelInUse {
  name: string;
  kind: 'model' | 'motion';
  engine: string;
  precision: string;
  ms: number | null;
  licence?: string | null;
}

export interface CameraStatus {
  id: string;
  state: CameraState;
  word: string;
  cause: string | null;
  since: Instant | null;
  as_of: Instant | null;
  retry_at: Instant | null;
  held_by: string | null;
  width: number | null;
  height: number | null;
  fps_source: number | null;
  fps_decoded: number | null;
  fps_inferred: number | null;
  frames: number;
  dropped: number;
  model: ModelInUse | null;
  in_view: number | null;
  moving: number | null;
  period: number;
  media_s: number | null;
  live: boolean;
}

export interface LineInput {
  id?: string;
  name: string;
  x1: number;
  y1: number;
  x2: number;
  y2: number;
  a_to_b?: string;
  b_to_a?: string;
}
export type Line = Required<LineInput>;

export interface Lines { lines: Line[] }

export interface DirectionCounts { a_to_b: number; b_to_a: number }
/** What one line would have counted; counts are null when nothing was watched. */
export interface TriedLine {
  crossings: DirectionCounts | null;
  /** More that crossed too soon after they came into view, or too late before they left, to be sure. */
  likely: DirectionCounts | null;
  by_type: (DirectionCounts & { vehicle_type: string })[];
  newest: { t: Instant; vehicle_type: string; direction: Direction; track_id: number; x: number; y: number }[];
}
export interface LinesTrial {
  from: Instant;
  to: Instant;
  coverage_s: number;
  sampled_every_s: 1;
  tracks: number;
  truncated: boolean;
  lines: TriedLine[];
}

export interface CameraInput {
  id?: string;
  name: string;
  source: string;
  loop?: boolean;
  starts_at?: Instant | null;
  model?: string | null;
  types?: string[];
  enabled?: boolean;
}

export interface Camera {
  id: string;
  name: string;
  source: string;
  loop: boolean;
  starts_at: Instant | null;
  model: string | null;
  types: string[];
  enabled: boolean;
  created_at: Instant;
  updated_at: Instant;
  lines: Line[];
  status: CameraStatus;
}
export interface CameraList { cameras: Camera[]; next: string | null }

export interface CurrentRow {
  camera_id: string;
  vehicle_type: string;
  track_id: number;
  x_coord: number;
  y_coord: number;
  avg_speed: number | null;
  count: 1;
  last_update: Instant;
  first_seen?: Instant;
  moving?: boolean;
}
export interface CurrentCamera { camera_id: string; as_of: Instant | null; rows: CurrentRow[] }
export interface Current { cameras: CurrentCamera[]; speed_reason: string | null }

export interface HistoryRow {
  report_hour: Instant;
  camera_id: string;
  vehicle_type: string;
  avg_speed: number | null;
  intensity: number | null;
  density: number | null;
  coverage_s: number;
  crossings: number;
  vehicles: number;
  partial: boolean;
}
export interface Coverage { report_hour: Instant; camera_id: string; coverage_s: number }
export interface History {
  grain: string;
  rows: HistoryRow[];
  coverage: Coverage[];
  speed_reason: string | null;
  next: string | null;
}

export type Direction = 'a_to_b' | 'b_to_a';

export interface Crossing {
  id: number;
  t: Instant;
  camera_id: string;
  line_id: string;
  line: string;
  direction: Direction;
  label: string;
  track_id: number;
  vehicle_type: string;
  x: number;
  y: number;
  frame: number;
}

export interface Counted { vehicles: number | null; coverage_s: number; period_s: number }
export interface LineCount {
  line_id: string;
  name: string;
  direction: Direction;
  label: string;
  vehicles: number;
  by_hour: number[];
}
export interface Kpi {
  camera_id: string;
  from: Instant;
  to: Instant;
  as_of: Instant;
  counting: 'lines' | 'tracks';
  this_hour: Counted;
  last_15_min: Counted & { flow_per_h: number | null };
  total: Counted;
  speed: { median_kmh: number | null; reason: string | null };
  mix: { vehicle_type: string; vehicles: number; share: number }[];
  lines: LineCount[];
}

export interface QualityIssue {
  id: number;
  camera_id: string;
  issue: string;
  cause: string | null;
  from: Instant;
  to: Instant | null;
  missing_s: number | null;
}
export interface Quality { issues: QualityIssue[]; next: string | null }

export type LoopState =
  | 'running' | 'starting' | 'waiting' | 'standby' | 'retrying' | 'finished' | 'stopping' | 'stopped' | 'unreachable';

export interface Loop {
  name: string;
  title: string;
  role: string;
  state: LoopState;
  word: string;
  cause: string | null;
  since: Instant | null;
  held_by: string | null;
  token: number | null;
  last_success_at: Instant | null;
  took_ms: number | null;
  next_at: Instant | null;
  restarts: number;
  last_error: string | null;
  last_error_at: Instant | null;
  process: string;
}
export interface Loops { loops: Loop[]; complete: boolean; reason: string | null }

export interface Lease {
  name: string;
  token: number;
  holder: string;
  process: string;
  acquired_at: Instant;
  ended_at: Instant | null;
  ended_by: string | null;
}
export interface Leases { leases: Lease[] }

export interface Status {
  version: string;
  started_at: Instant;
  process: string;
  roles: string[];
  database: {
    kind: 'SQLite' | 'PostgreSQL';
    reachable: boolean;
    version: string | null;
    message: string | null;
    since: Instant | null;
    size_bytes: number | null;
    schema_version: number | null;
    writes: number;
    slowest_write_ms: number | null;
  };
  processes: {
    id: string;
    name: string;
    roles: string;
    version: string;
    started_at: Instant;
    heartbeat_at: Instant | null;
    resident_bytes: number | null;
    alive: boolean;
  }[];
  viewers: {
    live_streams: number;
    event_streams: number;
    connections: number;
    requests: number;
    requests_per_s: number;
    p99_ms: number | null;
  };
}

export interface Detector {
  name: string;
  kind: 'model' | 'motion';
  licence: string | null;
  labels: string[];
  problem: string | null;
}
export interface Detectors { detectors: Detector[]; notes: string[] }

export interface Session { may_write: boolean; login_required: boolean; user: string | null }
