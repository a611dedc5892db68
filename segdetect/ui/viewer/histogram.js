// How many tiles have which score, with the threshold as a line to drag. What it would flag is shown at once, here and in
// all that follows the viewer; Python is told where it came to rest.
const BARS = 40;
const WIDE = 320;
const HIGH = 82;
const GRIP_PX = 9;
const DIGITS = 5;
const REST_MS = 350;
const HISTOGRAM = `<div class="histogram">
  <div class="head"><label>Threshold <input type="number" min="0" step="any" inputmode="decimal"></label><span class="told"></span></div>
  <div class="plot"><svg viewBox="0 0 ${WIDE} ${HIGH}" preserveAspectRatio="none" aria-hidden="true"><g class="bars"></g></svg>
    <div class="line" tabindex="0" role="slider" aria-label="Threshold" aria-orientation="horizontal"></div></div>
  <div class="axis"><span></span><span>score: higher is less like the other tiles</span><span></span></div></div>`;

class Histogram extends Part {
  constructor(root) {
    super(root);
    this.plot = root.querySelector(".plot");
    this.line = root.querySelector(".line");
    this.field = root.querySelector("input");
    this.plot.addEventListener("pointerdown", (event) => this.grip(event));
    this.plot.addEventListener("pointermove", (event) => this.drag(event));
    this.plot.addEventListener("pointerup", (event) => this.release(event));
    this.plot.addEventListener("pointercancel", () => this.cancel());
    this.line.addEventListener("keydown", (event) => this.press(event));
    this.field.addEventListener("change", () => this.enter());
    root.addEventListener("keydown", (event) => event.stopPropagation());
  }

  // ---- where things are ---------------------------------------------------------------------------------------------

  /** Scores in ascending order, the ends of the axis and the bars' lower edges; the axis stays while one drags. */
  measure() {
    const { scores } = this.pane.data;
    if (this.scores === scores) return;
    this.scores = scores;
    this.sorted = scores.filter((score) => score !== null).sort((a, b) => a - b);
    const [low, high] = [this.sorted[0], this.sorted.at(-1)];
    const size = (high - low) / BARS || 1e-6;
    this.edges = Array.from({ length: BARS }, (_, bar) => low + bar * size);
    this.size = size;
  }

  reach() {
    if (this.grabbed) return;
    const [low, high] = [this.sorted[0], this.sorted.at(-1)];
    const { threshold } = this.viewer;
    const room = 4 * this.size;
    this.from = Math.max(0, Math.min(low, threshold ?? low) - room);
    this.to = Math.max(high, threshold ?? high) + room;
  }

  shareOf(score) {
    return clamp((score - this.from) / (this.to - this.from), 0, 1);
  }

  scoreAt(event) {
    const box = this.plot.getBoundingClientRect();
    return this.from + clamp((event.clientX - box.left) / box.width, 0, 1) * (this.to - this.from);
  }

  /** The number of scores that are below. */
  below(score) {
    let [from, to] = [0, this.sorted.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.sorted[middle] < score) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** A number of few digits that flags the same tiles; the score itself where there is none. */
  rounded(score) {
    const short = Number(score.toPrecision(DIGITS));
    return this.below(short) === this.below(score) ? short : score;
  }

  // ---- how it looks ------------------------------------------------------------------------------------------------

  refresh() {
    if (!this.pane.data.scores.length) return;
    this.measure();
    this.reach();
    const { threshold } = this.viewer;
    this.drawBars(threshold);
    const none = threshold === null;
    const at = none ? this.to : threshold;
    this.line.style.left = `${100 * this.shareOf(at)}%`;
    this.line.classList.toggle("none", none);
    const { size } = this.pane.tiles.flagged;
    const told = `${size} of ${this.sorted.length} tiles flagged`;
    for (const [name, value] of Object.entries({ valuemin: 0, valuemax: this.to, valuenow: at })) {
      this.line.setAttribute(`aria-${name}`, String(Number(value.toPrecision(DIGITS))));
    }
    const written = this.pane.tiles.score;
    this.line.setAttribute("aria-valuetext", none ? "none was learnt" : `${written.format(at)}, ${told}`);
    this.root.querySelector(".told").textContent = none ? "None was learnt: drag the line" : told;
    if (this.root.getRootNode().activeElement !== this.field) {
      this.field.value = none ? "" : String(Number(threshold.toPrecision(DIGITS)));
    }
    const [first, , last] = this.root.querySelectorAll(".axis span");
    first.textContent = written.format(this.from);
    last.textContent = written.format(this.to);
  }

  drawBars(threshold) {
    const counts = this.edges.map((edge, bar) => [edge, this.edges[bar + 1] ?? Infinity]);
    const most = Math.max(...counts.map(([from, to]) => this.below(to) - this.below(from)));
    const wide = (this.size / (this.to - this.from)) * WIDE;
    // A single tile among many can still be seen.
    const high = (count) => (count ? Math.max(3, (count / most) * (HIGH - 6)) : 0);
    const bars = counts.map(([from, to]) => {
      const all = this.below(to) - this.below(from);
      const cut = threshold === null ? all : clamp(this.below(threshold) - this.below(from), 0, all);
      const left = this.shareOf(from) * WIDE;
      const [whole, calm] = [high(all), (high(all) * cut) / (all || 1)];
      const rect = (kind, y, height) =>
        height > 0 ? `<rect class="${kind}" x="${left}" y="${y}" width="${Math.max(1, wide - 1)}" height="${height}"/>` : "";
      return rect("calm", HIGH - calm, calm) + rect("flagged", HIGH - whole, whole - calm);
    });
    this.root.querySelector(".bars").innerHTML = bars.join("");
  }

  // ---- mouse, keys and number --------------------------------------------------------------------------------------

  grip(event) {
    if (event.button !== 0 || !this.viewer?.data) return;
    event.preventDefault();
    this.line.focus({ preventScroll: true });
    this.plot.setPointerCapture(event.pointerId);
    const box = this.plot.getBoundingClientRect();
    const off = event.clientX - (box.left + (box.width * Number.parseFloat(this.line.style.left)) / 100);
    this.grabbed = { x: event.clientX, off: Math.abs(off) <= GRIP_PX ? off : 0, moved: false, on: Math.abs(off) <= GRIP_PX };
  }

  drag(event) {
    const { grabbed } = this;
    if (!grabbed) return;
    grabbed.moved ||= Math.abs(event.clientX - grabbed.x) > 2;
    if (grabbed.moved) this.try(this.scoreAt({ clientX: event.clientX - grabbed.off }));
  }

  release(event) {
    const { grabbed } = this;
    if (!grabbed) return;
    this.grabbed = null;
    // A click on a bar flags all of it.
    if (!grabbed.moved && !grabbed.on) this.try(this.edgeBelow(this.scoreAt(event)));
    if (grabbed.moved || !grabbed.on) this.tell();
  }

  cancel() {
    if (!this.grabbed) return;
    this.grabbed = null;
    this.viewer.tryThreshold(null);
  }

  edgeBelow(score) {
    return this.edges.findLast((edge) => edge <= score) ?? this.edges[0];
  }

  press(event) {
    const step = (this.to - this.from) / 200;
    const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
    if (event.key in steps) this.nudge(steps[event.key] * step);
    else if (event.key === "Home") this.moveTo(0);
    else if (event.key === "End") this.moveTo(this.sorted.at(-1) + this.size);
    else return;
    event.preventDefault();
  }

  nudge(by) {
    this.moveTo(Math.max(0, (this.viewer.threshold ?? this.to) + by));
  }

  step(direction) {
    this.nudge((direction * (this.to - this.from)) / 200);
  }

  moveTo(score) {
    this.try(score);
    clearTimeout(this.resting);
    this.resting = setTimeout(() => this.tell(), REST_MS);
  }

  enter() {
    const value = this.field.valueAsNumber;
    if (!(value >= 0)) return this.refresh();
    this.viewer.tryThreshold(value);
    this.tell();
  }

  try(score) {
    this.viewer.tryThreshold(this.rounded(score));
  }

  tell() {
    clearTimeout(this.resting);
    const { trial } = this.viewer;
    if (trial === null) return;
    this.send("threshold", { value: trial, sequence: this.viewer.settleThreshold() });
  }
}
