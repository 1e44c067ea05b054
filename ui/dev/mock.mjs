// A stand-in for the server while the pages are made: answers docs/api/openapi.yaml with made-up data.
// Only for development; nothing here is shipped.
//
//   node dev/mock.mjs [PORT]          VEDETTE_SAMPLES: a folder whose traffic/street-oneway.mp4 is the live picture
//
// GET /mock/set?scenario=normal,away switches what it plays (see kScenarios); dist/ is served below /.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { picture as fieldPicture } from './images.mjs';
import { answer, kScenarios, marks, tick, world } from './answers.mjs';

const port = Number(process.argv[2] ?? 5180);
const dist = process.env.VEDETTE_DIST ?? fileURLToPath(new URL('../dist', import.meta.url));
const samples = process.env.VEDETTE_SAMPLES ?? fileURLToPath(new URL('../../../shared/samples', import.meta.url));

const frames = [];
function loadFrames() {
  const clip = join(samples, 'traffic/street-oneway.mp4');
  if (!existsSync(clip)) return;
  const folder = mkdtempSync(join(tmpdir(), 'vedette-mock-'));
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-i', clip, '-t', '12', '-vf', 'fps=8', '-q:v', '5', join(folder, '%03d.jpg')]);
  ffmpeg.on('error', () => console.log('no ffmpeg: no live picture'));
  ffmpeg.on('close', () => {
    for (const name of readdirSync(folder).sort()) frames.push(readFileSync(join(folder, name)));
    rmSync(folder, { recursive: true });
  });
}
loadFrames();

/** The picture with what is seen in it, as docs/decisions/0020 says: a comment segment after the first one. */
function marked(jpeg, id) {
  const text = Buffer.from(JSON.stringify(marks(id)));
  const comment = Buffer.alloc(4);
  comment.writeUInt16BE(0xfffe, 0);
  comment.writeUInt16BE(text.length + 2, 2);
  return Buffer.concat([jpeg.subarray(0, 2), comment, text, jpeg.subarray(2)]);
}

const streams = new Set();
let nextEvent = 1;
function publish(event, data) {
  if (world.scenario.has('silent')) return;
  const id = `mock-${nextEvent++}`;
  for (const response of streams) response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
setInterval(() => tick(publish), 1000);
setInterval(() => world.scenario.has('silent') || streams.forEach((s) => s.write(': alive\n\n')), 5000);

let viewers = 0;
const types = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' };
const policy =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

function sendFile(response, path) {
  let file = join(dist, normalize(path));
  if (!file.startsWith(dist) || !existsSync(file) || extname(file) === '') file = join(dist, 'index.html');
  response.writeHead(200, { 'Content-Type': types[extname(file)] ?? 'application/octet-stream', 'Content-Security-Policy': policy });
  response.end(readFileSync(file));
}

function sendJson(request, response, status, value) {
  const body = value === undefined ? '' : JSON.stringify(value);
  const etag = `"${createHash('sha1').update(body).digest('hex')}"`;
  if (request.method === 'GET' && status === 200 && request.headers['if-none-match'] === etag) {
    return response.writeHead(304, { ETag: etag }).end();
  }
  response.writeHead(status, { 'Content-Type': 'application/json', ETag: etag, 'Cache-Control': 'no-cache' });
  response.end(body);
}

function sendEvents(request, response) {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.write('retry: 2000\n\n');
  streams.add(response);
  request.on('close', () => streams.delete(response));
}

function sendLive(request, response, id) {
  response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame', 'Cache-Control': 'no-store' });
  viewers += 1;
  let n = 0;
  const timer = setInterval(() => {
    const frame = marked(frames[n++ % frames.length], id);
    response.write(`--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${frame.length}\r\n\r\n`);
    response.write(frame);
    response.write('\r\n');
  }, 125);
  request.on('close', () => {
    viewers -= 1;
    clearInterval(timer);
  });
}

async function bodyOf(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text ? JSON.parse(text) : undefined;
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, `http://127.0.0.1:${port}`);
  const path = decodeURIComponent(url.pathname);
  if (path === '/mock/set') {
    world.reset((url.searchParams.get('scenario') ?? 'normal').split(','));
    if (world.scenario.has('down')) streams.forEach((s) => s.destroy());
    publish('reset', { reason: 'scenario' });
    return sendJson(request, response, 200, { scenario: [...world.scenario], known: kScenarios });
  }
  if (path === '/mock/viewers') return sendJson(request, response, 200, { live: viewers, events: streams.size });
  if (!path.startsWith('/api/') && path !== '/healthz') return sendFile(response, path);
  if (world.scenario.has('down')) return request.socket.destroy();
  if (path === '/healthz') return response.end('ok\n');
  if (path === '/api/events') return sendEvents(request, response);
  const picture = /^\/api\/cameras\/([^/]+)\/(snapshot\.jpg|live\.mjpg)$/.exec(path);
  if (picture) {
    const camera = world.cameras.find((c) => c.id === picture[1]);
    const gone = !camera ? 'no such camera' : frames.length === 0 || world.scenario.has('nopicture') ? 'no picture has been decoded yet' : null;
    if (gone) return sendJson(request, response, camera ? 503 : 404, { error: { code: camera ? 'unavailable' : 'not_found', message: gone } });
    if (picture[2] === 'live.mjpg') return sendLive(request, response, camera.id);
    response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Cache-Control': 'no-store' });
    return response.end(marked(frames[(world.seconds * 8) % frames.length], camera.id));
  }
  const thumbnail = /^\/api\/cameras\/[^/]+\/thumbnails\/(\d+)$/.exec(path);
  if (thumbnail && frames.length > 0) {
    response.writeHead(200, { 'Content-Type': 'image/jpeg' });
    return response.end(frames[(Number(thumbnail[1]) * 8) % frames.length]);
  }
  const field = fieldPicture(world, path);
  if (field) {
    response.writeHead(200, { 'Content-Type': field.type, 'Cache-Control': 'no-store' });
    return response.end(field.body);
  }
  if (path === '/api/sources/look') {
    const { source } = await bodyOf(request);
    if (/nobody|nowhere/.test(source)) return sendJson(request, response, 400, { error: { code: 'invalid', message: `'${source}' cannot be seen: nobody answers there`, field: 'source' } });
    response.writeHead(200, { 'Content-Type': 'image/jpeg', 'Cache-Control': 'no-store' });
    return response.end(frames[0]);
  }
  if (world.scenario.has('slow')) return;
  const result = await answer(request.method, path, url.searchParams, () => bodyOf(request), publish, { live: viewers, events: streams.size });
  if (result.text !== undefined) {
    response.writeHead(200, { 'Content-Type': 'text/csv', 'Content-Disposition': 'attachment; filename="history.csv"' });
    return response.end(result.text);
  }
  sendJson(request, response, result.status, result.body);
});
server.listen(port, '127.0.0.1', () => console.log(`http://127.0.0.1:${port}`));
