// Why the chosen tile is as odd as it is, from what the viewer holds: shown at once, and for the threshold that is tried.
// What only the server knows of it stands below.
const LONGEST_CUT = 640;
const BELOW = ".st-key-why-more";
const EXPLANATION = `<section class="explanation" hidden><h2></h2><p></p><div class="pair">
  <figure><button type="button" title="Look closer, or back"><canvas></canvas></button><figcaption>This tile</figcaption></figure>
  <figure><button type="button" title="Look there"><canvas></canvas></button><img alt="" hidden>
    <figcaption><span></span><span></span></figcaption></figure></div></section>`;
const similarityFormat = numberFormat({ minimumFractionDigits: 3, maximumFractionDigits: 3 });

/** What a person should know of a tile, in plain words. */
function explain(tiles, tile, { threshold, similar, typical }) {
  if (tiles.scores[tile] === null) return "It has no score, since hardly any of it was measured.";
  return [oddness(tiles, tile), likeness(similar, typical), distance(tiles, tile, threshold)].join(" ");
}

function oddness(tiles, tile) {
  const scored = tiles.scores.filter((score) => score !== null);
  if (tiles.ranks[tile] === 1) return `None of the ${scored.length} tiles is more unlike the rest.`;
  const below = scored.filter((score) => score < tiles.scores[tile]).length / Math.max(1, scored.length - 1);
  return `It is more unlike the rest than ${percent(below)} of the tiles (rank ${tiles.ranks[tile]} of ${scored.length}).`;
}

function likeness(similar, typical) {
  if (similar === null) return "There is nothing to compare it with.";
  return `Closest match ${similarityFormat.format(similar)}; typical ${similarityFormat.format(typical)}.`;
}

function distance(tiles, tile, threshold) {
  const score = tiles.score.format(tiles.scores[tile]);
  if (threshold === null) return `Its score is ${score}.`;
  const side = tiles.scores[tile] < threshold ? "below" : "above";
  // No comma between two numbers: in many languages it is their decimal mark.
  return `Its score of ${score} is ${tiles.score.format(tiles.gap(tile, threshold))} ${side} the threshold of ${tiles.score.format(threshold)}.`;
}

/** The middle of those that are known; null where none is. */
function median(values) {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const half = known.length / 2;
  return known.length ? (known[Math.ceil(half) - 1] + known[Math.floor(half)]) / 2 : null;
}

class Explanation extends Part {
  constructor(root) {
    super(root);
    [this.heading, this.words] = [root.querySelector("h2"), root.querySelector("p")];
    [this.own, this.nearest] = root.querySelectorAll("figure");
    this.own.querySelector("button").addEventListener("click", () => this.viewer.lookCloser(this.pane));
    this.nearest.querySelector("button").addEventListener("click", () => this.viewer.centre(this.pane, this.alike));
  }

  refresh() {
    const { viewer } = this;
    const { tiles, data } = this.pane;
    const tried = viewer.grid.parts !== null;
    const older = tried || !viewer.isHeard;
    document.querySelector(BELOW)?.classList.toggle("sd-older", older);
    this.root.classList.toggle("older", tried);
    const tile = viewer.shownIn(this.pane).at(-1) ?? tiles.ranked(false)[0];
    // Of a grid that is only tried nothing is known but its scores.
    if (tried || tile === undefined) return;
    this.root.hidden = false;
    this.say(tile, data);
    this.show(tile, data);
  }

  say(tile, { similar, by_other }) {
    const { tiles } = this.pane;
    if (similar !== this.similar) [this.similar, this.typical] = [similar, median(similar)];
    this.heading.textContent = `Why ${tiles.place(tile)}?`;
    const { threshold } = this.viewer;
    const unflagged = by_other?.tiles.includes(tile) ? `flagged by ${by_other.engine} alone` : "not flagged";
    const state = Object.assign(document.createElement("b"), { textContent: tiles.flagged.has(tile) ? "flagged" : unflagged });
    const told = explain(tiles, tile, { threshold, similar: similar[tile] ?? null, typical: this.typical });
    this.words.replaceChildren(`${told} It is `, state, ".");
  }

  show(tile, { id, edges, nearest, similar }) {
    const { tiles, bitmaps } = this.pane;
    const bitmap = bitmaps.picture?.bitmap;
    const choice = this.viewer.choice?.data;
    // In another picture, which the server alone has.
    const elsewhere = choice?.selected.at(-1) === tile ? choice.nearest : null;
    const what = [id, tile, bitmap, edges, elsewhere?.picture, this.viewer.isHeard];
    if (what.every((one, index) => one === this.shown?.[index])) return;
    this.shown = what;
    this.alike = nearest[tile] ?? -1;
    this.cut(this.own, tile, bitmap, `Tile ${tiles.place(tile)}`);
    const likeness = similar[tile] ?? null;
    this.nearest.hidden = this.alike < 0 && !elsewhere && (likeness === null || this.viewer.isHeard);
    if (!this.nearest.hidden) this.showNearest(bitmap, elsewhere, similarityFormat.format(likeness));
  }

  /** Show what is most like the tile: a part of the picture, one of another picture, or its place until that has come. */
  showNearest(bitmap, elsewhere, likeness) {
    const own = this.alike >= 0;
    const there = own ? this.pane.tiles.place(this.alike) : elsewhere?.place ?? "\u2026";
    const [where, alike] = this.nearest.querySelectorAll("figcaption span");
    [where.textContent, alike.textContent] = [`Nearest: ${there}`, likeness];
    const image = this.nearest.querySelector("img");
    [this.nearest.querySelector("button").hidden, image.hidden] = [!own, own];
    if (own) return this.cut(this.nearest, this.alike, bitmap, `Look-alike in ${there}`);
    image.style.aspectRatio = this.own.querySelector("canvas").style.aspectRatio;
    if (elsewhere) [image.src, image.alt] = [elsewhere.picture, `Look-alike in ${there}`];
    else image.removeAttribute("src");
  }

  /** Draw a tile as the picture has it. */
  cut(figure, tile, bitmap, said) {
    const canvas = figure.querySelector("canvas");
    const [left, top, right, bottom] = this.pane.tiles.box(tile);
    figure.querySelector("button").setAttribute("aria-label", `${said}: look at it on the picture`);
    canvas.style.aspectRatio = `${right - left} / ${bottom - top}`;
    const per = bitmap ? bitmap.width / this.pane.data.size[0] : 1;
    const [width, height] = [(right - left) * per, (bottom - top) * per];
    const scale = Math.min(1, LONGEST_CUT / Math.max(width, height));
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    if (!bitmap) return;
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, left * per, top * per, width, height, 0, 0, canvas.width, canvas.height);
  }

  destroy() {
    document.querySelector(BELOW)?.classList.remove("sd-older");
    super.destroy();
  }
}
