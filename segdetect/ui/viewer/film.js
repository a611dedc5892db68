// The flagged segments in a strip below the picture, as they are for the threshold that is tried.
const FRAME_PX = 64;
const MOST_FRAMES = 60;
const CLOSEST = 3;
const ORDERS = {
  strongest: () => 0,
  largest: (a, b) => b.length - a.length,
  place: (a, b) => Math.min(...a) - Math.min(...b),
};
const FILM = `<div class="film"><div class="head"><b></b>
  <label>Sort <select><option value="strongest">strongest first</option><option value="largest">largest first</option>
    <option value="place">by place</option></select></label></div>
  <div class="strip" role="listbox" aria-orientation="horizontal" aria-label="Flagged segments"></div></div>`;

class Film extends Part {
  constructor(root) {
    super(root);
    this.order = recall("film")?.order ?? "strongest";
    this.thumbnails = new Map();
    this.strip = root.querySelector(".strip");
    this.choice = root.querySelector("select");
    this.choice.value = this.order;
    this.choice.addEventListener("change", () => {
      this.order = this.choice.value;
      keep("film", { order: this.order });
      this.refresh();
    });
    this.strip.addEventListener("click", (event) => {
      const frame = event.target.closest(".frame");
      if (frame) this.viewer.choose(this.pane, [Number(frame.dataset.tile)]);
    });
    this.strip.addEventListener("keydown", (event) => this.press(event));
  }

  press(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const frames = [...this.strip.children];
    const next = frames[frames.indexOf(event.target) + by];
    event.stopPropagation();
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }

  refresh() {
    const { tiles, bitmaps } = this.pane;
    const bitmap = bitmaps.picture?.bitmap;
    const found = tiles.segments();
    const shown = found.length ? [...found].sort(ORDERS[this.order]) : this.instead().map((tile) => [tile]);
    this.root.querySelector("b").textContent = this.headline(found, tiles);
    const picture = `${this.pane.data.id} ${this.pane.data.edges} ${bitmap?.width}`;
    if (picture !== this.picture) this.thumbnails.clear();
    this.picture = picture;
    const now = `${picture} ${this.viewer.threshold} ${shown.join("|")}`;
    if (now !== this.shown) {
      this.shown = now;
      this.strip.replaceChildren(...shown.slice(0, MOST_FRAMES).map((segment) => this.frameOf(segment, bitmap)));
    }
    this.markChosen(shown);
  }

  /** Tiles to look at where none is flagged. */
  instead() {
    const { tiles, data } = this.pane;
    return data.by_other?.tiles ?? tiles.ranked(false).slice(0, CLOSEST);
  }

  headline(found, tiles) {
    const count = tiles.flagged.size;
    const other = this.pane.data.by_other;
    if (!count) return other ? `Flagged by ${other.engine} alone` : "No tile is flagged; these came closest";
    const more = found.length > MOST_FRAMES ? `, the first ${MOST_FRAMES} shown` : "";
    const of = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
    return `${of(count, "flagged tile")} in ${of(found.length, "segment")}${more}`;
  }

  frameOf(segment, bitmap) {
    const { tiles, data } = this.pane;
    const [tile] = segment;
    const frame = document.createElement("div");
    Object.assign(frame, { className: "frame", role: "option", tabIndex: -1 });
    frame.dataset.tile = tile;
    const { threshold } = this.viewer;
    const gap = threshold === null ? null : tiles.gap(tile, threshold);
    const over = gap === null ? "" : ` (${tiles.scores[tile] < threshold ? "\u2212" : "+"}${tiles.score.format(gap)})`;
    const alike = data.nearest[tile] ?? -1;
    const like = alike >= 0 ? ` \u00b7 like ${tiles.place(alike)}` : "";
    const lines = [
      `Row ${tiles.row(tile) + 1}, col ${tiles.col(tile) + 1}${segment.length > 1 ? ` \u00b7 ${segment.length} tiles` : ""}`,
      `${tiles.score.format(tiles.scores[tile])}${over}`,
      `Rank ${tiles.ranks[tile]}${like}`,
    ];
    const words = document.createElement("span");
    words.append(...lines.map((line) => Object.assign(document.createElement("i"), { textContent: line })));
    frame.append(this.thumbnail(tiles.around(segment), bitmap), words);
    return frame;
  }

  thumbnail(box, bitmap) {
    const key = box.join();
    if (!this.thumbnails.has(key)) this.thumbnails.set(key, this.cutOut(box, bitmap));
    return this.thumbnails.get(key);
  }

  cutOut([left, top, right, bottom], bitmap) {
    const canvas = document.createElement("canvas");
    const ratio = globalThis.devicePixelRatio || 1;
    canvas.width = canvas.height = FRAME_PX * ratio;
    if (!bitmap) return canvas;
    const per = bitmap.width / this.pane.data.size[0];
    const scale = canvas.width / Math.max(right - left, bottom - top) / per;
    const [width, height] = [(right - left) * per, (bottom - top) * per];
    const at = [(canvas.width - width * scale) / 2, (canvas.height - height * scale) / 2];
    canvas.getContext("2d").drawImage(bitmap, left * per, top * per, width, height, ...at, width * scale, height * scale);
    return canvas;
  }

  markChosen(shown) {
    const current = this.viewer.selected.at(-1);
    const at = shown.findIndex((segment) => segment.includes(current));
    [...this.strip.children].forEach((frame, index) => {
      frame.setAttribute("aria-selected", String(index === at));
      frame.tabIndex = index === Math.max(0, at) ? 0 : -1;
    });
    const frame = this.strip.children[at];
    if (!frame || at === this.seen) return;
    this.seen = at;
    this.strip.scrollLeft = clamp(this.strip.scrollLeft, frame.offsetLeft + frame.offsetWidth - this.strip.clientWidth, frame.offsetLeft);
  }
}
