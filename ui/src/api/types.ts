// The shapes of docs/api/openapi.yaml under the names that the pages use. openapi.ts is made from that
// file by `npm run types`; a test says when it is older. Times are RFC 3339 texts in UTC.

import type { components } from './openapi.ts';

type Schemas = components['schemas'];

export type Instant = Schemas['Instant'];

export type Camera = Schemas['Camera'];
export type CameraInput = Schemas['CameraInput'];
export type CameraList = Schemas['CameraList'];
export type CameraStatus = Schemas['CameraStatus'];
export type CameraState = CameraStatus['state'];
/** How far a recorded file is counted; null for a camera that is live, or stands in for one. */
export type CameraCount = Schemas['CameraCount'];
export type ModelInUse = NonNullable<CameraStatus['model']>;

export type Thumbnails = Schemas['Thumbnails'];
export type SourceFiles = Schemas['SourceFiles'];
export type SourceEntry = Schemas['SourceEntry'];

export type Line = Schemas['Line'];
export type LineInput = Schemas['LineInput'];
export type Lines = Schemas['Lines'];
export type LinesTrial = Schemas['LinesTrial'];
/** What one line would have counted; counts are null when nothing was watched. */
export type TriedLine = LinesTrial['lines'][number];
export type DirectionCounts = Schemas['DirectionCounts'];
export type Direction = Crossing['direction'];

export type Current = Schemas['Current'];
export type CurrentCamera = Schemas['CurrentCamera'];
export type CurrentRow = Schemas['CurrentRow'];
export type Crossing = Schemas['Crossing'];
export type Crossings = Schemas['Crossings'];
export type History = Schemas['History'];
export type HistoryRow = Schemas['HistoryRow'];
export type LineHistory = Schemas['LineHistory'];
export type Coverage = Schemas['Coverage'];
export type Kpi = Schemas['Kpi'];
export type Counted = Schemas['Counted'];
export type LineCount = Kpi['lines'][number];
export type Quality = Schemas['Quality'];
export type QualityIssue = Quality['issues'][number];

export type ImageRow = Schemas['ImageRow'];
export type ImagePage = Schemas['ImagePage'];
export type ImageCounts = Schemas['ImageCounts'];
export type ImageChanges = Schemas['ImageChanges'];
export type ImageDetail = Schemas['ImageDetail'];
export type ImageStatus = ImageRow['processing_status'];
export type ImageProduct = ImageDetail['products'][number];
export type Uploaded = Schemas['Uploaded'];
export type Mission = Schemas['Mission'];
export type MissionInput = Schemas['MissionInput'];
export type MissionList = Schemas['MissionList'];
export type Imagery = Schemas['Imagery'];

export type Loop = Schemas['Loop'];
export type LoopState = Loop['state'];
export type Loops = Schemas['Loops'];
export type Leases = Schemas['Leases'];
export type Job = Schemas['Job'];
export type JobList = Schemas['JobList'];
export type JobState = Job['state'];
export type JobKind = Schemas['JobKind'];
export type JobKinds = Schemas['JobKinds'];
export type Progress = Schemas['Progress'];
export type Status = Schemas['Status'];
export type Detectors = Schemas['Detectors'];
export type Session = Schemas['Session'];
