// Carries the bytes of one picture, or of a map of scores, into the page, where any viewer finds them by their digest. An
// element that has not changed is not sent again by Streamlit, so the bytes cross the wire once however often the viewer
// beside it changes.
const DIGEST_LENGTH = 32;
const CELLS = "CELL";
const VALUES = "DEEP";

function shelf() {
  const name = Symbol.for("segdetect.pictures");
  globalThis[name] ??= { bitmaps: new Map(), users: new Map(), events: new EventTarget() };
  return globalThis[name];
}

/** A map of scores: its sign, rows and columns as 32-bit numbers, then 32-bit floats. */
function cellsOf(bytes) {
  const [rows, cols] = new Uint32Array(bytes.buffer, bytes.byteOffset + 4, 2);
  return { rows, cols, values: new Float32Array(bytes.buffer, bytes.byteOffset + 12, rows * cols) };
}

/** A file's values: their sign, the length of a head in JSON as a 32-bit number, the head, and packed codes. */
async function valuesOf(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const stream = new Blob([bytes.subarray(8 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(stream).arrayBuffer());
  const codes = new Uint16Array(planes.length / 2);
  const along = head.cols * head.channels;
  for (let i = 0; i < codes.length; i += 1) {
    // Each code is told as what it is more than the one to its left.
    const before = i % along < head.channels ? 0 : codes[i - head.channels];
    codes[i] = before + planes[i] + 256 * planes[codes.length + i];
  }
  return { head, codes };
}

function opened(bytes) {
  const sign = new TextDecoder("latin1").decode(bytes.subarray(0, 4));
  if (sign === CELLS) return Promise.resolve(cellsOf(bytes));
  return sign === VALUES ? valuesOf(bytes) : createImageBitmap(new Blob([bytes]));
}

function put(digest, bytes) {
  const { bitmaps, users, events } = shelf();
  users.set(digest, (users.get(digest) ?? 0) + 1);
  if (!bitmaps.has(digest)) {
    bitmaps.set(digest, opened(bytes));
    events.dispatchEvent(new Event(digest));
  }
}

function drop(digest) {
  const { bitmaps, users } = shelf();
  const left = users.get(digest) - 1;
  users.set(digest, left);
  if (left === 0) {
    users.delete(digest);
    bitmaps.delete(digest);
  }
}

const held = new WeakMap();

export default function ({ data, parentElement }) {
  const digest = new TextDecoder().decode(data.subarray(0, DIGEST_LENGTH));
  const before = held.get(parentElement);
  if (before !== digest) {
    put(digest, data.slice(DIGEST_LENGTH));
    held.set(parentElement, digest);
    if (before !== undefined) drop(before);
  }
  return () => {
    const last = held.get(parentElement);
    if (held.delete(parentElement)) drop(last);
  };
}
