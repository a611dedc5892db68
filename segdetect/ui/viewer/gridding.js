// Another grid while its handle is moved: tiles and scores from the map of cells, at once; then the server's answer to it.
class GridHandle {
  constructor(viewer) {
    this.viewer = viewer;
    this.parts = null;
    this.tried = 0;
    this.field = viewer.root.querySelector(".parts");
    this.input = this.field.querySelector("input");
    this.input.addEventListener("input", () => this.try(this.input.valueAsNumber));
    this.input.addEventListener("change", () => this.settle());
  }

  get pane() {
    return this.viewer.panes[0];
  }

  get can() {
    return Boolean(this.pane?.answer?.pool);
  }

  get answered() {
    return this.pane.answer.edges[0].length;
  }

  /** What came from Python counts, unless the person has gone on to another grid since. */
  adopt(data) {
    if (data.tried_grid >= this.tried) this.parts = null;
    if (!this.can) this.parts = null;
    else if (this.parts !== null) this.pane.regrid(this.parts);
    this.refresh();
  }

  refresh() {
    this.field.hidden = !this.can;
    if (!this.can) return;
    const parts = this.parts ?? this.answered;
    this.input.max = this.pane.answer.pool.most;
    this.input.value = parts;
    this.field.querySelector("output").textContent = `${parts} \u00d7 ${parts}`;
  }

  try(parts) {
    if (!this.can) return;
    this.parts = clamp(parts, Number(this.input.min), this.pane.answer.pool.most);
    this.tried = Infinity;
    this.refresh();
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.show();
    });
  }

  show() {
    const { viewer } = this;
    this.pane.regrid(this.parts);
    viewer.selected = [];
    refreshStatus(viewer);
    viewer.tell();
    for (const pane of viewer.panes) pane.drawFound();
  }

  nudge(by) {
    if (!this.can) return;
    this.try((this.parts ?? this.answered) + by);
    this.settle();
  }

  /** Tell Python where it came to rest. */
  settle() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.tried !== Infinity) return;
      this.tried = Date.now();
      this.viewer.send("grid", { parts: this.parts, sequence: this.tried });
    }, KEY_PAUSE_MS);
  }
}
