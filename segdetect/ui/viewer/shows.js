// What is shown in its place on the page: the viewer, and the parts that follow it.
const SHOWN = new WeakMap();
const MADE = {
  viewer: (root) => new Viewer(root),
  film: (root) => new Film(root),
  histogram: (root) => new Histogram(root),
  choice: (root) => new Choice(root),
  explanation: (root) => new Explanation(root),
};

/** Show a call's data in its place, putting its part up where there is none yet. */
function show({ data, parentElement, setTriggerValue }, code) {
  let part = SHOWN.get(parentElement);
  if (!part) {
    const frame = document.createElement("div");
    const html = { viewer: code.html, film: FILM, histogram: HISTOGRAM, choice: CHOICE, explanation: EXPLANATION }[data.kind];
    frame.innerHTML = `<style>${code.css}</style>${html}`;
    parentElement.append(frame);
    // Streamlit fades what a rerun has not reached yet; a picture that is being looked at stays as it is.
    parentElement.host.closest('[data-testid="stElementContainer"]')?.style.setProperty("opacity", "1");
    part = MADE[data.kind](frame.lastElementChild);
    SHOWN.set(parentElement, part);
  }
  part.update(data, setTriggerValue);
  return () => {
    SHOWN.delete(parentElement);
    part.destroy();
  };
}

export default function ({ data }) {
  const code = desk();
  const one = (call) => show(call, data);
  code.shows = { viewer: one, film: one, histogram: one, choice: one, explanation: one };
  code.open();
}
