// What is under the pointer: the place in pixels, the tile, and the value there. It stands where the chosen tile is told.
const FIGURE_SPACE = "\u2007";
const SEPARATOR = " \u00b7 ";
const eye = document.createElement("canvas");
eye.width = eye.height = 1;

/** A number in as many places as the largest one takes, so that what follows stays where it is. */
function inPlaces(number, largest) {
  return String(number).padStart(String(largest).length, FIGURE_SPACE);
}

/** The colour, 0..255, that the browser has of a pixel. */
function colourAt(bitmap, [width, height], x, y) {
  const from = (at, whole, side) => Math.min(Math.floor(((at + 0.5) * side) / whole), side - 1);
  const pen = eye.getContext("2d", { willReadFrequently: true });
  pen.clearRect(0, 0, 1, 1);
  pen.drawImage(bitmap, from(x, width, bitmap.width), from(y, height, bitmap.height), 1, 1, 0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
}

/** The value of a pixel in words: a picture deeper than 8 bits is told apart from what is shown of it. */
function valueAt(pane, x, y) {
  const { size, exact } = pane.data;
  const deep = pane.data.window !== null;
  const own = deep ? fileValueAt(pane, x, y) : "";
  if (own) return own.padEnd("\u2248-65535.5 HU".length, FIGURE_SPACE);
  const bitmap = pane.bitmaps.picture?.bitmap;
  if (!bitmap) return "";
  const colour = colourAt(bitmap, size, x, y);
  const grey = colour.every((one) => one === colour[0]);
  const kind = deep ? "8-bit" : grey ? "grey" : "RGB";
  const figures = (grey ? colour.slice(0, 1) : colour).map((one) => inPlaces(one, 255)).join(" ");
  return `${kind} ${exact ? "" : "\u2248"}${figures}`.padEnd("RGB 255 255 255".length + (exact ? 0 : 1), FIGURE_SPACE);
}

function valueTitle({ exact, window, values }) {
  if (values) return "The value that the file has.";
  const depth = window ? "The file has more than 8 bits; this is the value as it is shown." : "";
  return `${depth} ${exact ? "" : "About: pictures come to the browser compressed."}`.trim();
}

/** The texts of a place, as shares of a pane's picture; none outside of it. */
function probed({ pane, u, v }) {
  const [width, height] = pane.data.size;
  const [x, y] = [Math.floor(u * width), Math.floor(v * height)];
  if (x < 0 || y < 0 || x >= width || y >= height) return [];
  const { tiles } = pane;
  const tile = pane.tileAt({ u, v });
  const place = `x ${inPlaces(x, width - 1)}, y ${inPlaces(y, height - 1)}`;
  const row = () => `row ${inPlaces(tiles.row(tile) + 1, tiles.down.length)}, col ${inPlaces(tiles.col(tile) + 1, tiles.cols)}`;
  return [place, valueAt(pane, x, y), ...(tile < 0 ? [] : [row()])];
}

function refreshProbe({ root, over, board, windowing }) {
  const texts = windowing ? [windowText(windowing)] : over && !board.on ? probed(over) : [];
  const probe = root.querySelector(".probe");
  root.querySelector(".facts").classList.toggle("probing", texts.length > 0);
  probe.textContent = texts.join(SEPARATOR);
  probe.title = over && texts.length ? valueTitle(over.pane.data) : "";
}
