// Keeps the heatmap's zoom. Streamlit makes a new chart whenever a figure changes (its identity includes the figure), and
// the new one would show the whole picture again. Plotly itself is out of reach from here; what is there is the handler of
// its zoom buttons, which sets any part of the layout. Without it, the zoom is lost and nothing else. By the same way the
// outlines of flagged tiles follow the viewer while another threshold is tried; the server's answer brings a new chart.
const CHARTS = Symbol.for("segdetect.zoom");
const AXES = ["xaxis", "yaxis"];

/** Ranges by picture, for the life of the tab. */
const kept = (globalThis[CHARTS] ??= new Map());

const chartOf = (key) => document.querySelector(`.st-key-${key} .js-plotly-plot`);

function rangesOf(chart) {
  return AXES.map((axis) => [...chart._fullLayout[axis].range]);
}

/** Set a part of the layout; false where the chart has no such buttons. */
function setLayout(chart, name, value) {
  const buttons = chart._fullLayout?._modeBar?.buttons?.flat() ?? [];
  const { click } = buttons.find(({ attr }) => attr === "zoom") ?? {};
  const change = { "data-attr": name, "data-val": value };
  click?.(chart, { currentTarget: { getAttribute: (key) => change[key] } });
  return Boolean(click);
}

function setRanges(chart, ranges) {
  AXES.forEach((axis, i) => setLayout(chart, `${axis}.range`, ranges[i]));
}

function follow(chart, picture) {
  chart.dataset.zoomKept = picture;
  if (kept.has(picture)) setRanges(chart, kept.get(picture));
  chart.on("plotly_relayout", () => kept.set(chart.dataset.zoomKept, rangesOf(chart)));
}

// ---- outlines that follow a threshold ---------------------------------------------------------------------------------

/** Of the viewer's flagged tiles, all in one path: a shape for each would be slow for a thousand. */
function outlineOf({ tiles }) {
  const boxes = [...tiles.flagged].map((tile) => tiles.box(tile));
  return boxes.map(([left, top, right, bottom]) => `M${left},${top}H${right}V${bottom}H${left}Z`).join("");
}

function showAnswered(chart, isShown) {
  const uids = (chart._fullData ?? []).filter(({ name }) => name === "flagged").map(({ uid }) => uid);
  for (const uid of uids) {
    for (const drawn of chart.querySelectorAll(`.trace${uid}`)) drawn.style.display = isShown ? "" : "none";
  }
}

class Outlines {
  constructor() {
    this.arrived = () => this.refresh();
    this.desk = null;
  }

  update(data) {
    this.data = data;
    const desk = globalThis[Symbol.for("segdetect.viewer")];
    if (desk !== this.desk) desk?.arrivals.addEventListener(data.viewer, this.arrived);
    this.desk = desk;
    this.refresh();
  }

  /** Called by the viewer, too, whenever what it shows has changed. */
  refresh() {
    const viewer = this.desk?.viewers.get(this.data.viewer) ?? null;
    if (viewer !== this.viewer) {
      this.viewer?.followers.delete(this);
      viewer?.followers.add(this);
      this.viewer = viewer;
    }
    const chart = chartOf(this.data.chart);
    const isTried = Boolean(chart && this.data.colours && viewer?.data && viewer.trial !== null && viewer.grid.parts === null);
    if (isTried) this.draw(chart, outlineOf(viewer.panes[0]));
    else if (chart?.dataset.tried) this.clear(chart);
  }

  draw(chart, path) {
    if (chart.dataset.tried === path) return;
    const line = (color, width) => ({ type: "path", path, xref: "x", yref: "y", line: { color, width } });
    const [halo, colour] = this.data.colours;
    const shapes = path ? [line(halo, 5), line(colour, 2.5)] : [];
    if (!setLayout(chart, "shapes", shapes)) return;
    showAnswered(chart, false);
    chart.dataset.tried = path || "none";
  }

  clear(chart) {
    delete chart.dataset.tried;
    setLayout(chart, "shapes", []);
    showAnswered(chart, true);
  }

  destroy() {
    this.viewer?.followers.delete(this);
    this.desk?.arrivals.removeEventListener(this.data.viewer, this.arrived);
  }
}

const watches = new WeakMap();
const followers = new WeakMap();

export default function ({ data, parentElement }) {
  const { chart: key, picture } = data;
  watches.get(parentElement)?.disconnect();
  const look = () => {
    const chart = chartOf(key);
    if (chart?._fullLayout?._modeBar && chart.on && chart.dataset.zoomKept !== picture) follow(chart, picture);
  };
  const watch = new MutationObserver(look);
  watches.set(parentElement, watch);
  watch.observe(document.body, { childList: true, subtree: true });
  look();
  if (!followers.has(parentElement)) followers.set(parentElement, new Outlines());
  followers.get(parentElement).update(data);
  return () => {
    watch.disconnect();
    followers.get(parentElement)?.destroy();
    followers.delete(parentElement);
  };
}
