// The made-up flights behind /api/images: pictures in all states, one job running, an analysis of each that is done.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const kImageScenarios = ['noimages', 'manyimages', 'rgb'];

const drawn = fileURLToPath(new URL('../../../shared/design/ui', import.meta.url));
const iso = (t) => new Date(t).toISOString();
const ago = (s) => iso(Date.now() - s * 1000);

const kMissions = [
  { id: 'm1', name: 'Seneca, east field', count: 121, camera: 'Canon ELPH 300 HS, converted to near infrared', captured: '2013-06-04T13:39:00Z', mean: 0.17, index: 'ndvi', pictures: ['fields-s1.jpg', 'fields-s2.jpg', 'fields-s3.jpg', 'fields-s4.jpg', 'fields-s5.jpg', 'fields-s6.jpg'] },
  { id: 'm2', name: 'Home orchard', count: 38, camera: 'MicaSense RedEdge, 5 bands', captured: '2017-10-19T13:40:00Z', mean: 0.54, index: 'ndvi', pictures: ['fields-o1.jpg', 'fields-o2.jpg', 'fields-o3.jpg', 'fields-o4.jpg', 'fields-o5.jpg', 'fields-o6.jpg', 'fields-o7.jpg', 'fields-o8.jpg'] },
  { id: 'm3', name: 'Caliterra, lot 12', count: 24, camera: 'Canon SX260 HS, red green blue', captured: '2014-10-19T13:21:00Z', mean: 0.03, index: 'vari', pictures: ['fields-c1.jpg', 'fields-c2.jpg', 'fields-c3.jpg', 'fields-c5.jpg', 'fields-c6.jpg'] },
];

const figures = (index, mean) => ({ ndvi: index === 'ndvi' ? { mean, std: 0.2, min: -0.3, max: 0.9 } : null, savi: null, gndvi: null, main_index: index, main_mean: mean, health_score: index === 'ndvi' ? (mean + 1) / 2 : null, health_status: index === 'ndvi' ? 'moderate' : null, summary: 'Look at the bare patches', analyzed_at: ago(300) });

function image(mission, n, change = {}) {
  const id = `${mission?.id ?? 'x'}-${n}`;
  const mean = mission ? mission.mean + ((n * 37) % 11) / 100 - 0.05 : 0;
  return {
    id, filename: `${id}.jpg`, original_name: `IMG_${String(470 + n).padStart(4, '0')}.jpg`, mission_id: mission?.id ?? null, file_size: 3_400_000 + n * 1000, mime_type: 'image/jpeg', processing_status: 'completed', error: null,
    uploaded_at: ago(1000 + n * 3), updated_at: ago(300), processed_at: ago(300), captured_at: mission ? iso(Date.parse(mission.captured) + n * 6000) : null, width: 4000, height: 3000, bands: ['nir', 'green', 'blue'], camera: mission?.camera ?? null, files: 1, capture_of: null,
    gps: null, analysis: figures(mission?.index ?? 'vari', mean), preview: `/api/images/${id}/preview`, job: null, ...change,
  };
}

export function makeImages(s) {
  if (s.has('noimages')) return { images: [], missions: [] };
  const images = kMissions.flatMap((m) => Array.from({ length: s.has('manyimages') ? 400 : m.count }, (_, n) => image(m, n)));
  const first = images[0];
  Object.assign(first, { processing_status: 'failed', error: 'the picture store gave no answer for 60 s, 3 attempts', analysis: null });
  Object.assign(images[1], { processing_status: 'processing', job: 9001, analysis: null });
  Object.assign(images[2], { processing_status: 'uploaded', analysis: null, preview: null });
  images.push(image(null, 1, { processing_status: 'failed', preview: null, analysis: null, error: 'Copy it again from the card: the file ends after 1.2 of 2.5 MB', original_name: 'a picture with quite a long name that somebody sent by hand.tif' }));
  images.sort((a, b) => b.uploaded_at.localeCompare(a.uploaded_at));
  return { images, missions: kMissions };
}

const countsOf = (images) => {
  const counts = { uploaded: 0, processing: 0, completed: 0, failed: 0, total: images.length };
  for (const each of images) counts[each.processing_status] += 1;
  return counts;
};

function resultOf(row) {
  const vegetation = row.analysis.main_index === 'ndvi';
  const counts = (mean, std) => Array.from({ length: 256 }, (_, i) => Math.round(4e4 * Math.exp(-(((-1 + i / 127.5 - mean) / std) ** 2) / 2)));
  const index = (mean, title, formula, caveat = null) => ({ mean, std: 0.14, min: -0.4, max: 0.92, p2: mean - 0.24, p50: mean, p98: mean + 0.26, valid_px: 11_040_000, undefined_px: 0, title, formula, source: 'Rouse et al. 1974', caveat, histogram: { low: -1, high: 1, counts: counts(mean, 0.14) }, shown: { low: -0.2, high: 0.9 } });
  const mean = row.analysis.main_mean;
  const caveat = "in the picture's own numbers: compare inside this flight only";
  return {
    file: row.original_name, width: 4000, height: 3000, type: row.mime_type, samples: 'uint8',
    bands: (vegetation ? ['nir', 'green', 'blue'] : ['red', 'green', 'blue']).map((role, i) => ({ index: i + 1, name: null, role, from: 'camera', why: 'as this camera is known to have them', wavelength_nm: null })),
    sensor: null, radiometry: { unit: 'digital numbers', how: 'as the camera wrote them: no panel and no sunlight sensor', doubts: ['brightness and white balance are the camera’s'] },
    pixels: 12_000_000, valid_px: 11_040_000,
    indices: vegetation ? { ndvi: index(mean, 'Normalised difference vegetation index', '(nir - red) / (nir + red)', caveat), savi: index(mean * 0.7, 'Soil-adjusted vegetation index', '1.5 * (nir - red) / (nir + red + 0.5)', caveat) } : { vari: index(mean, 'Visible atmospherically resistant index', '(green - red) / (green + red - blue)', caveat) },
    not_computed: vegetation ? [{ index: 'ndre', why: 'it needs red edge, 700 to 740 nm' }] : [{ index: 'ndvi', why: 'it needs near infrared' }, { index: 'ndre', why: 'it needs near infrared and red edge' }],
    health: vegetation ? { status: 'moderate', score: (mean + 1) / 2, advice: 'look at the bare patches in the north', rule: 'the mean NDVI from -1 to 1, as 0 to 1; moderate is 0.5 to 0.65', caveat: 'from digital numbers: only roughly' } : null,
    no_health: vegetation ? null : 'it follows NDVI, which this camera cannot give', stress: [],
    gps: { latitude: 42.71234, longitude: -76.91234, altitude: 330.3, accuracy: 5, heading: null, height_above_ground: 91 }, gps_problem: null, captured_at: row.captured_at, captured_local: null,
    camera: { make: 'Canon', model: 'PowerShot ELPH 300 HS' }, scale: vegetation ? { pixel_m: 0.034, uncertainty: 0.1, source: 'height above ground 91 m, focal length and sensor' } : null, georeference: null, zones: 12, notes: [], products: [], wall_s: 1.4,
  };
}

function detailOf(row, jobs) {
  const index = row.analysis?.main_index;
  const product = (name, kind, of, size) => ({ name, kind, index: of, content_type: 'application/octet-stream', size, href: `/api/images/${row.id}/products/${name}` });
  const made = index ? [index, ...(index === 'ndvi' ? ['savi'] : [])] : [];
  return {
    ...row, sha256: null, path: '', s3_url: null, s3_stored: false, result: row.analysis ? resultOf(row) : null,
    products: row.analysis ? [product('preview.jpg', 'preview', null, 400_000), ...made.flatMap((name) => [product(`${name}.png`, 'index_png', name, 1_900_000), product(`${name}.tif`, 'index_cog', name, 9_800_000)]), product('zones.geojson', 'zones', index, 61_000), product('numbers.csv', 'numbers_csv', null, 1800)] : [],
    band_choice: null, original: `/api/images/${row.id}/original`, job_status: jobs.find((job) => job.id === row.job) ?? null,
  };
}

/** The bytes of a picture, or null where it is none: {type, body}. */
export function picture(world, path) {
  const found = /^\/api\/images\/([^/]+)\/(preview|products\/[a-z]+\.png|original)$/.exec(path);
  const row = found && world.images.find((each) => each.id === found[1]);
  if (!row) return null;
  const mission = kMissions.find((m) => m.id === row.mission_id) ?? kMissions[0];
  const n = Number(row.id.split('-')[1]);
  const name = found[2] === 'preview' && mission.id === 'm2' ? 'fields-orchard-rgb.jpg' : found[2] === 'preview' && mission.id === 'm3' ? 'fields-caliterra.jpg' : found[2] === 'preview' ? 'fields-s0470-raw.jpg' : mission.pictures[n % mission.pictures.length];
  const file = join(drawn, name);
  return existsSync(file) ? { type: 'image/jpeg', body: readFileSync(file) } : null;
}

export async function answerImages(method, path, q, body, world, fail, ok) {
  const { images } = world;
  const missionOf = ({ id, name, captured }) => ({ id, name, description: '', start_time: captured ?? null, end_time: null, status: 'active', created_at: ago(5000), images: countsOf(images.filter((each) => each.mission_id === id)) });
  if (path === '/api/imagery') return ok({ max_image_bytes: 4e9, max_request_bytes: 8e9, max_files: 1000, sensors: [], indices: [] });
  if (path === '/api/missions' && method === 'POST') {
    const added = { id: `m${world.missions.length + 1}`, ...(await body()) };
    world.missions.unshift(added);
    return ok(missionOf(added), 201);
  }
  if (path === '/api/missions') return ok({ missions: world.missions.map(missionOf) });
  if (path === '/api/images/check') return ok({ known: [] });
  if (path === '/api/images') {
    const fits = images.filter((each) => (!q.get('status') || each.processing_status === q.get('status')) && (!q.get('mission') || each.mission_id === q.get('mission')) && (!q.get('q') || each.original_name.toLowerCase().includes(q.get('q').toLowerCase())));
    const first = Number(q.get('cursor') || 0);
    return ok({ images: fits.slice(first, first + 100), next: first + 100 < fits.length ? String(first + 100) : null, counts: countsOf(images) });
  }
  const one = /^\/api\/images\/([^/]+)(\/retry|\/cancel)?$/.exec(path);
  const row = one && images.find((each) => each.id === one[1]);
  if (!row) return one || path.startsWith('/api/images') ? fail(404, 'not_found', 'there is no such image') : null;
  if (method === 'DELETE') { world.images = images.filter((each) => each !== row); return ok(undefined, 204); }
  if (one[2] === '/retry') Object.assign(row, { processing_status: 'uploaded', error: null });
  if (one[2] === '/cancel') Object.assign(row, { processing_status: 'failed', error: 'cancelled' });
  return ok(detailOf(row, world.jobs), one[2] ? 202 : 200);
}
