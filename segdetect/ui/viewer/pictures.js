// Carries the bytes of one picture, or of a map of scores, into the page, where any viewer finds them by their digest. An
// element that has not changed is not sent again by Streamlit, so the bytes cross the wire once however often the viewer
// beside it changes.
const DIGEST_LENGTH = 32;
const CELLS = "CELL";

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

function opened(bytes) {
  const isMap = new TextDecoder("latin1").decode(bytes.subarray(0, 4)) === CELLS;
  return isMap ? Promise.resolve(cellsOf(bytes)) : createImageBitmap(new Blob([bytes]));
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
