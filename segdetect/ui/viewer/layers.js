// What lies on the stage, each layer switched by a key and a button: its marks, and the known-good picture below them.
const LAYERS = { picture: "picture", heat: "heatOn", flags: "outlines", alike: "alike", ignored: "ignored" };
const BLINK_MS = 700;
// A label is left out where the tile is too small on the screen to be read.
const LEAST_LABELLED = 26;

function isLayerThere(name, panes) {
  if (name === "heat") return panes.some((pane) => pane.data.heat);
  if (name === "ignored") return panes.some((pane) => pane.data.ignored) || panes[0]?.viewer.board.can;
  if (name === "alike") return panes.some((pane) => pane.data.nearest.length);
  return true;
}

const overlap = ([a, b, c, d], [e, f, g, h]) => a < g && c > e && b < h && d > f;

/** All marks of a pane; look-alikes are those of one tile, and none that would lie over one that an engine flags. */
function marksOf({ data, tiles, alikes }, { alike = true, hovered = -1, selected = [] } = {}) {
  const flags = tiles.ranked(true).reverse().map((tile) => ({
    box: tiles.box(tile),
    role: ROLES.flagged,
    text: tiles.ranks.length ? String(tiles.ranks[tile]) : "",
    corner: "left",
  }));
  const tried = tiles.tried;
  const taken = [...tiles.flagged, ...(data.by_other?.tiles ?? [])];
  const free = (box) => !taken.some((tile) => overlap(tiles.box(tile), box));
  const told = [...data.marks, ...alikes].filter(({ role, box }) => {
    if (role === "candidate") return !tried;
    return role !== "lookalike" || (alike && (hovered < 0 || hovered === selected.at(-1)) && free(box));
  });
  const nearest = alike && hovered >= 0 && hovered !== selected.at(-1) ? alikeOf(data, tiles, hovered) : null;
  if (nearest && free(nearest.box)) told.push(nearest);
  const marks = told.map((mark) => {
    const role = ROLES[mark.role];
    return { box: mark.box, role, text: mark.label || role.sign || "", corner: mark.role === "second" ? "left" : "right" };
  });
  return [...flags, ...marks];
}

function alikeOf(data, tiles, tile) {
  const other = data.nearest[tile] ?? -1;
  if (other < 0 || other >= tiles.count) return null;
  return { box: tiles.box(other), role: "lookalike", label: alikeFormat.format(data.similar[tile]) };
}

const alikeFormat = numberFormat({ minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** Draw the known-good picture where the pane's own lies, as large as it can be without being stretched. */
function drawGood(canvas, stage, bitmap, size, place) {
  if (!bitmap) return void prepare(canvas, stage);
  const width = size[0] * place.scale;
  const height = size[1] * place.scale;
  const scale = Math.min(width / bitmap.width, height / bitmap.height);
  const corner = { x: place.x + (width - bitmap.width * scale) / 2, y: place.y + (height - bitmap.height * scale) / 2 };
  drawBitmap(canvas, stage, bitmap, [bitmap.width, bitmap.height], { scale, ...corner });
}
