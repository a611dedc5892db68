// Pictures deeper than 8 bits: the values that the file has, asked for when a person comes to look, and the brightness
// windows that map them to grey here, so that a narrow one shows what 256 greys do not hold.
const NOT_MEASURED = 0xffff;
const CODES = 0x10000;
const BY_HAND = "hand";
const MIDDLE = [0.01, 0.99];
// What a drag with the right button over the whole stage divides or multiplies the window's width by.
const WIDTH_SPAN = 8;
const valueFormat = numberFormat({ maximumSignificantDigits: 6 });

const valueOf = ({ head }, code) => head.low + head.step * code;

/** How many pixels have each code; colours count together. */
function countsOf(values) {
  if (values.counts) return values.counts;
  values.counts = new Uint32Array(CODES);
  for (const code of values.codes) values.counts[code] += 1;
  return values.counts;
}

/** The values below which these shares of what was measured lie. */
function quantiles(values, shares) {
  const counts = countsOf(values);
  const known = values.head.gaps ? NOT_MEASURED : CODES;
  const total = values.codes.length - (values.head.gaps ? counts[NOT_MEASURED] : 0);
  const found = [];
  let below = 0;
  for (let code = 0; code < known && found.length < shares.length; code += 1) {
    below += counts[code];
    while (found.length < shares.length && below > shares[found.length] * (total - 1)) found.push(valueOf(values, code));
  }
  return found;
}

/** The windows to choose from; those of the file are known when its values have come. */
function presetsOf(values) {
  const own = values?.head.windows ?? [];
  return [
    { name: "", words: "As inspected", window: () => null },
    { name: "full", words: "Full range", window: () => quantiles(values, [0, 1]) },
    { name: "middle", words: `${percent(MIDDLE[0])} to ${percent(MIDDLE[1])}`, window: () => quantiles(values, MIDDLE) },
    ...own.map(([name, low, high], at) => ({
      name: `own-${at}`,
      words: name || (own.length > 1 ? `The file's, ${at + 1}` : "The file's"),
      window: () => [low, high],
    })),
  ];
}

/** The window that a pane is seen in, if it is another than the one it was inspected in. */
function windowOf(pane) {
  const { preset, window } = pane.viewer.looks;
  const values = pane.bitmaps.values?.bitmap;
  if (!values || !preset) return null;
  if (preset === BY_HAND) return window;
  return presetsOf(values).find(({ name }) => name === preset)?.window() ?? null;
}

function paintValues(canvas, { head, codes }, [low, high]) {
  const { rows, cols, inverted, gaps } = head;
  const greys = new Uint8ClampedArray(CODES);
  for (let code = 0; code < CODES; code += 1) {
    const share = (head.low + head.step * code - low) / (high - low || 1);
    greys[code] = 255 * (inverted ? 1 - share : share);
  }
  if (gaps) greys[NOT_MEASURED] = 0;
  if (canvas.width !== cols || canvas.height !== rows) Object.assign(canvas, { width: cols, height: rows });
  const image = new ImageData(cols, rows);
  if (codes.length === rows * cols) {
    const colours = Uint32Array.from(greys, (grey) => 0xff000000 | (grey * 0x010101));
    const out = new Uint32Array(image.data.buffer);
    for (let i = 0; i < codes.length; i += 1) out[i] = colours[codes[i]];
  } else {
    for (let i = 0, at = 0; i < codes.length; i += 3, at += 4) {
      for (let c = 0; c < 3; c += 1) image.data[at + c] = greys[codes[i + c]];
      image.data[at + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/** The picture of a pane as it is seen, and the size in picture pixels that it covers. */
function seenPicture(pane) {
  const window = windowOf(pane);
  const plain = { bitmap: pane.bitmaps.picture?.bitmap, size: pane.data.size };
  if (!window) return plain;
  const values = pane.bitmaps.values.bitmap;
  const name = `${pane.data.values} ${window}`;
  pane.windowed ??= document.createElement("canvas");
  if (pane.windowedAs !== name) paintValues(pane.windowed, values, window);
  pane.windowedAs = name;
  return { bitmap: pane.windowed, size: [values.head.cols * values.head.every, values.head.rows * values.head.every] };
}

/** A dragged window: to the right narrower, which is more contrast; upwards brighter. */
function draggedWindow([low, high], right, up) {
  const width = (high - low) * WIDTH_SPAN ** -right;
  const middle = (low + high) / 2 - up * width;
  return [middle - width / 2, middle + width / 2];
}

/** The file's values of a pixel in words; empty where they have not come, null where it has none. */
function fileValueAt(pane, x, y) {
  const values = pane.bitmaps.values?.bitmap;
  if (!values) return "";
  const { rows, cols, every, gaps, exact, unit } = values.head;
  const channels = values.codes.length / (rows * cols);
  const start = (Math.floor(y / every) * cols + Math.floor(x / every)) * channels;
  const codes = [...values.codes.subarray(start, start + channels)];
  if (gaps && codes.includes(NOT_MEASURED)) return "no measurement";
  const near = exact && every === 1 ? "" : "\u2248";
  return `${near}${codes.map((code) => valueFormat.format(valueOf(values, code))).join(" ")}${unit ? ` ${unit}` : ""}`;
}

function windowText(pane) {
  const values = pane.bitmaps.values?.bitmap;
  const [low, high] = (windowOf(pane) ?? pane.data.window).map((value) => valueFormat.format(value));
  const unit = values?.head.unit;
  return `Brightness window ${low} to ${high}${unit ? ` ${unit}` : ""}`;
}

/** The choice of a window in the bar, there where the file has more than 8 bits. */
function refreshPresets({ root, looks, panes, data }) {
  const label = root.querySelector(".window");
  const deep = panes.find((pane) => pane.data.window);
  label.hidden = !(deep && data.values);
  if (label.hidden) return;
  const presets = presetsOf(deep.bitmaps.values?.bitmap);
  const select = label.querySelector("select");
  const told = [...presets, ...(looks.preset === BY_HAND ? [{ name: BY_HAND, words: "By hand" }] : [])];
  const now = told.map(({ name, words }) => `${name} ${words}`).join();
  if (select.dataset.told !== now) select.replaceChildren(...told.map(({ name, words }) => new Option(words, name)));
  select.dataset.told = now;
  select.value = looks.preset;
  select.title = windowText(deep);
}

function nextPreset(viewer) {
  const deep = viewer.panes.find((pane) => pane.data.window);
  if (!deep || !viewer.data.values) return;
  const names = presetsOf(deep.bitmaps.values?.bitmap).map(({ name }) => name);
  viewer.askValues();
  viewer.change({ preset: names[(names.indexOf(viewer.looks.preset) + 1) % names.length] });
}
