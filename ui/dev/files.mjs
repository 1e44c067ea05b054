// The made-up disk behind GET /api/sources/files.
export const kFileScenarios = ['nofiles', 'manyfiles', 'nofolder'];

const file = (bytes, problem = null) => ({ bytes, problem });
const kDisk = {
  '/data/clips': {
    DCIM: {}, 'Mill Street, November': {}, private: { problem: "Vedette's user may not read it: change its permissions." },
    'mill-street.mp4': file(812_000_000), 'overhead.avi': file(9_630_000), 'overhead-2.avi': file(12_100_000), 'ring-road.mp4': file(2_210_000_000),
    'a recording with quite a long name that somebody exported from a recorder on 2026-11-20 at 10.00.00.mkv': file(48_000_000),
    'unreadable.mp4': file(1_000_000, "Vedette's user may not read it: change its permissions."),
  },
  '/data/clips/DCIM': { '100GOPRO': {} },
  '/data/clips/DCIM/100GOPRO': { 'GX010041.MP4': file(4_000_000_000), 'GX020041.MP4': file(4_000_000_000), 'GX030041.MP4': file(1_310_000_000) },
  '/data/clips/Mill Street, November': {},
  '/mnt/recorder': Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`cam1_${String(n).padStart(4, '0')}.mp4`, file(62_000_000 + n * 1000)])),
};
const kRoots = ['/data/clips', '/mnt/recorder'];

const entry = (path, name, { bytes, problem = null }) => ({
  name, path, kind: bytes === undefined ? 'folder' : 'file', bytes: bytes ?? null, changed_at: new Date(Date.UTC(2026, 10, 20, 10)).toISOString(), problem,
});

export function answerFiles(q, scenario, fail, ok) {
  if (scenario.has('nofolder')) return fail(503, 'unavailable', 'the folder /data/clips cannot be read; check the folder and its disk');
  const folder = q.get('folder') ?? '';
  if (folder === '') return ok({ folder: null, parent: null, entries: kRoots.map((root) => entry(root, root, {})), others: 0, is_cut: false });
  const held = kDisk[folder];
  if (!held) return fail(400, 'invalid', `there is no folder ${folder} on the machine where Vedette runs`, 'folder');
  const entries = scenario.has('nofiles') ? [] : Object.entries(held).map(([name, what]) => entry(`${folder}/${name}`, name, what));
  const parent = kRoots.includes(folder) ? null : folder.slice(0, folder.lastIndexOf('/'));
  return ok({ folder, parent, entries, others: folder === '/data/clips' ? 4 : 0, is_cut: entries.length === 1000 });
}
