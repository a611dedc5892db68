// Plotly makes each of its tools a stop of the Tab key, nine of them for a heat map. Here they are what their role says, a
// toolbar: one stop, at the tool used last, and arrow keys, Home and End go from tool to tool.
const BAR = ".modebar";
const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const toolsOf = (bar) => [...bar.querySelectorAll("button")];

function setStop(bar, stop) {
  for (const tool of toolsOf(bar)) tool.tabIndex = tool === stop ? 0 : -1;
}

/** Tools that Plotly has just made are all stops. */
function gather() {
  for (const bar of document.querySelectorAll(BAR)) {
    const stops = toolsOf(bar).filter((tool) => tool.tabIndex === 0);
    if (stops.length > 1) setStop(bar, stops[0]);
  }
}

function walk(event) {
  const bar = event.target.closest?.(BAR);
  const tools = bar ? toolsOf(bar) : [];
  const at = tools.indexOf(event.target);
  if (at < 0 || !(event.key in STEPS || event.key === "Home" || event.key === "End")) return;
  event.preventDefault();
  event.stopPropagation();
  const ends = { Home: 0, End: tools.length - 1 };
  tools[ends[event.key] ?? (at + STEPS[event.key] + tools.length) % tools.length].focus();
}

export default function () {
  const ending = new AbortController();
  const { signal } = ending;
  document.addEventListener("keydown", walk, { signal, capture: true });
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches?.(`${BAR} button`)) setStop(target.closest(BAR), target);
  }, { signal });
  const watch = new MutationObserver(gather);
  watch.observe(document.body, { childList: true, subtree: true });
  gather();
  return () => {
    watch.disconnect();
    ending.abort();
  };
}
