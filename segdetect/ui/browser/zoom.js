// Keeps the heatmap's zoom. Streamlit makes a new chart whenever a figure changes (its identity includes the figure), and
// the new one would show the whole picture again. Plotly itself is out of reach from here; what is there is the handler of
// its zoom buttons, which sets any part of the layout. Without it, the zoom is lost and nothing else. By the same way the
// outlines of flagged tiles, the colours and the legend follow the viewer while another threshold is tried; the server's
// answer brings a new chart.
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

// ---- what follows a threshold -----------------------------------------------------------------------------------------

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

/** The viewer's own heat layer as a picture for the chart; null where colours are tied to no threshold. */
function heatOf({ painted, data }, opacity) {
  if (!painted || !data.heat?.tied) return null;
  const [sizex, sizey] = data.size;
  // Of two pictures in the very same place Plotly draws one.
  const place = { x: 1e-6, y: 0, sizex, sizey, xref: "x", yref: "y", sizing: "stretch", layer: "below" };
  return { ...place, opacity, source: painted.toDataURL() };
}

/** The numbers at the legend's marks, in their own words; without a threshold those of the answer. */
function writeLegend(chart, heat, threshold) {
  const marks = [...chart.querySelectorAll(".colorbar .cbaxis text")];
  const isKnown = threshold !== null && heat?.tied && marks.length === heat.marks.length;
  marks.forEach((mark, at) => {
    mark.dataset.answered ??= mark.textContent;
    const { answered } = mark.dataset;
    mark.textContent = isKnown
      ? answered.replace(/\d[\d.,\u00a0]*/, FIGURES.format((heat.marks[at] / heat.tied) * threshold))
      : answered;
    if (!isKnown) delete mark.dataset.answered;
  });
}

const FIGURES = (() => {
  const options = { maximumSignificantDigits: 3, numberingSystem: "latn" };
  try {
    return new Intl.NumberFormat(navigator.language, options);
  } catch {
    // Some systems name a locale that is none, such as en-US@posix.
    return new Intl.NumberFormat("en", options);
  }
})();

class Trial {
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
    const isTried = Boolean(chart && viewer?.data && viewer.trial !== null && viewer.grid.parts === null);
    if (isTried) this.draw(chart, viewer.panes[0], viewer.trial);
    else if (chart?.dataset.tried) this.clear(chart);
  }

  draw(chart, pane, threshold) {
    if (chart.dataset.tried === String(threshold)) return;
    chart.dataset.tried = String(threshold);
    this.drawOutlines(chart, outlineOf(pane));
    this.drawHeat(chart, pane);
    writeLegend(chart, pane.data.heat, threshold);
  }

  drawOutlines(chart, path) {
    // What is flagged often stays the same for a while.
    if (!this.data.colours || chart.dataset.outlined === (path || "none")) return;
    const line = (color, width) => ({ type: "path", path, xref: "x", yref: "y", line: { color, width } });
    const [halo, colour] = this.data.colours;
    if (!setLayout(chart, "shapes", path ? [line(halo, 5), line(colour, 2.5)] : [])) return;
    showAnswered(chart, false);
    chart.dataset.outlined = path || "none";
  }

  /** The tried colours take the place of the trace's own, which Plotly would calculate anew for each step. */
  drawHeat(chart, pane) {
    const trace = (chart._fullData ?? []).find(({ type }) => type === "heatmap");
    const heat = trace ? heatOf(pane, trace.opacity) : null;
    if (!heat) return;
    chart.answeredImages ??= chart.layout.images ?? [];
    if (!setLayout(chart, "images", [...chart.answeredImages, heat])) return;
    chart.classList.add("sd-tried");
    chart.classList.toggle("sd-tiles", !pane.data.heat.smooth);
  }

  clear(chart) {
    delete chart.dataset.tried;
    delete chart.dataset.outlined;
    setLayout(chart, "shapes", []);
    showAnswered(chart, true);
    if (chart.answeredImages) setLayout(chart, "images", chart.answeredImages);
    delete chart.answeredImages;
    chart.classList.remove("sd-tried", "sd-tiles");
    writeLegend(chart, null, null);
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
  if (!followers.has(parentElement)) followers.set(parentElement, new Trial());
  followers.get(parentElement).update(data);
  return () => {
    watch.disconnect();
    followers.get(parentElement)?.destroy();
    followers.delete(parentElement);
  };
}
