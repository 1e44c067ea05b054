// What was seen in a picture, as the picture itself carries it: JSON in a comment segment of the JPEG
// (docs/decisions/0020). Boxes are in pixels of the source's picture, whatever the size of this one.

export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
  id: number;
  type: string;
  parked: boolean;
}

export interface Marks {
  /** When the picture was taken. */
  t: string;
  /** Size of the source's picture. */
  w: number;
  h: number;
  boxes: Box[];
}

const kComment = 0xfe;
const kStartOfScan = 0xda;

/** null: the picture carries none, or none that this page understands. */
export function marksOf(jpeg: Uint8Array): Marks | null {
  if (jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return null;
  for (let at = 2; at + 4 <= jpeg.length && jpeg[at] === 0xff; ) {
    const kind = jpeg[at + 1]!;
    if (kind === kStartOfScan) return null;
    const length = jpeg[at + 2]! * 256 + jpeg[at + 3]!;
    if (length < 2) return null;
    if (kind === kComment) {
      const found = parse(jpeg.subarray(at + 4, at + 2 + length));
      if (found) return found;
    }
    at += 2 + length;
  }
  return null;
}

function parse(comment: Uint8Array): Marks | null {
  if (comment[0] !== '{'.charCodeAt(0)) return null;
  try {
    const { v, t, w, h, boxes } = JSON.parse(new TextDecoder().decode(comment));
    if (v !== 1 || !(w > 0 && h > 0) || !Array.isArray(boxes)) return null;
    return { t: String(t), w, h, boxes: boxes.filter(isBox).map((box) => ({ ...box, parked: box.parked === true })) };
  } catch {
    return null;
  }
}

function isBox(box: Record<string, unknown> | null): box is Record<string, unknown> & Box {
  return typeof box === 'object' && box !== null && typeof box.type === 'string' && ['x', 'y', 'w', 'h', 'id'].every((key) => Number.isFinite(box[key]));
}
