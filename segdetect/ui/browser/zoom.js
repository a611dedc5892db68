// Keeps the heatmap's zoom. Streamlit makes a new chart whenever a figure changes (its identity includes the figure), and
// the new one would show the whole picture again. Plotly itself is out of reach from here; what is there is the handler of
// its zoom buttons, which sets any part of the layout. Without it, the zoom is lost and nothing else.
const CHARTS = Symbol.for("segdetect.zoom");
const AXES = ["xaxis", "yaxis"];

/** Ranges by picture, for the life of the tab. */
const kept = (globalThis[CHARTS] ??= new Map());

const chartOf = (key) => document.querySelector(`.st-key-${key} .js-plotly-plot`);

function rangesOf(chart) {
  return AXES.map((axis) => [...chart._fullLayout[axis].range]);
}

function setRanges(chart, ranges) {
  const buttons = chart._fullLayout._modeBar?.buttons?.flat() ?? [];
  const { click } = buttons.find(({ attr }) => attr === "zoom") ?? {};
  AXES.forEach((axis, i) => {
    const change = { "data-attr": `${axis}.range`, "data-val": ranges[i] };
    click?.(chart, { currentTarget: { getAttribute: (name) => change[name] } });
  });
}

function follow(chart, picture) {
  chart.dataset.zoomKept = picture;
  if (kept.has(picture)) setRanges(chart, kept.get(picture));
  chart.on("plotly_relayout", () => kept.set(chart.dataset.zoomKept, rangesOf(chart)));
}

const watches = new WeakMap();

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
  return () => watch.disconnect();
}
