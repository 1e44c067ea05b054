// A stream of parts as Motion JPEG has them: heads with a length, then that many bytes.

export interface Part {
  /** Its media type, in small letters; empty when it does not say. */
  type: string;
  bytes: Uint8Array;
}

const kLongestHead = 4096;
const kLargestPart = 64 << 20;
const decoder = new TextDecoder('latin1');

/** Cuts the parts out of the bytes as they come. Throws what cannot be such a stream. */
export class PartReader {
  #kept: Uint8Array = new Uint8Array(0);
  #part: Part | null = null;
  #filled = 0;

  /** The parts that the bytes complete, oldest first. */
  push(bytes: Uint8Array): Part[] {
    const parts: Part[] = [];
    let rest = this.#kept.length > 0 && this.#part === null ? joined(this.#kept, bytes) : bytes;
    this.#kept = new Uint8Array(0);
    while (rest.length > 0) {
      if (this.#part === null) {
        const end = endOfHead(rest);
        if (end < 0) {
          if (rest.length > kLongestHead) throw new Error('The picture stream has a head without an end.');
          this.#kept = rest.slice();
          break;
        }
        this.#part = partOf(decoder.decode(rest.subarray(0, end)));
        this.#filled = 0;
        rest = rest.subarray(end);
      }
      const piece = rest.subarray(0, this.#part.bytes.length - this.#filled);
      this.#part.bytes.set(piece, this.#filled);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filled === this.#part.bytes.length) {
        parts.push(this.#part);
        this.#part = null;
      }
    }
    return parts;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Where the bytes after the empty line begin; -1 when it has not come yet. */
function endOfHead(bytes: Uint8Array): number {
  for (let i = 3; i < Math.min(bytes.length, kLongestHead); i += 1) {
    if (bytes[i] === 10 && bytes[i - 1] === 13 && bytes[i - 2] === 10 && bytes[i - 3] === 13) {
      // The line end after the part before, and nothing else, is no head.
      if (i > 3) return i + 1;
    }
  }
  return -1;
}

function partOf(head: string): Part {
  const length = Number(/^content-length:[ \t]*(\d+)[ \t]*\r$/im.exec(head)?.[1]);
  if (!(length > 0 && length <= kLargestPart)) throw new Error('The picture stream does not say how long its pictures are.');
  return { type: /^content-type:[ \t]*([^\s;]+)/im.exec(head)?.[1]?.toLowerCase() ?? '', bytes: new Uint8Array(length) };
}
