// Keeps one entry in the browser's history for each view. Streamlit adds one for every parameter that its server changes:
// on the way to another page the parameters of the view that is left are taken away first, which puts an entry without
// them between the two pages, and others with a part of them. Back would stop at each.
const INSTALLED = Symbol.for("segdetect.history");

/** What a person takes for another view: another page or another sample. Settings change within a view. */
function viewOf({ pathname, searchParams }) {
  const samples = [...searchParams].filter(([name]) => name.endsWith("sample")).map(([, value]) => value);
  return [pathname, ...samples].join("\n");
}

function install() {
  const { pushState, replaceState } = history;
  // The address when a person last did something; null once a new entry has been made for it.
  let left = null;
  // Back and Forward bring their own address, which what the server still says of the page that was left must not change.
  let isBack = false;
  const note = () => {
    left = location.href;
    isBack = false;
  };
  for (const gesture of ["pointerdown", "click", "keydown", "drop", "paste"]) addEventListener(gesture, note, true);
  addEventListener("popstate", () => {
    left = null;
    isBack = true;
  });
  history.replaceState = (...entry) => {
    if (!isBack) replaceState.apply(history, entry);
  };
  history.pushState = (state, title, address) => {
    if (isBack) return;
    const next = new URL(address ?? location.href, location.href);
    if (left === null || viewOf(next) === viewOf(new URL(location.href))) {
      replaceState.call(history, state, title, next);
      return;
    }
    replaceState.call(history, history.state, title, left);
    pushState.call(history, state, title, next);
    left = null;
  };
}

export default function () {
  if (globalThis[INSTALLED]) return;
  globalThis[INSTALLED] = true;
  install();
}
