// The strip of pictures: a button for each, J and K for the next and the one before.
const endings = new WeakMap();

function cell({ name, verdict, sign, why, thumbnail }, isCurrent) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = verdict.replace(" ", "-");
  button.title = [`${name}: ${verdict || "not inspected yet"}`, why].filter(Boolean).join("\n");
  button.setAttribute("aria-label", `${name}, ${verdict || "not inspected yet"}`);
  if (isCurrent) button.setAttribute("aria-current", "true");
  const face = document.createElement("span");
  face.className = "face";
  if (thumbnail) face.append(Object.assign(document.createElement("img"), { src: thumbnail, alt: "" }));
  face.append(Object.assign(document.createElement("span"), { className: "dot", textContent: sign || "…" }));
  button.append(face, Object.assign(document.createElement("span"), { className: "name", textContent: name }));
  return button;
}

const isCommand = ({ altKey, ctrlKey, metaKey }) => altKey || ctrlKey || metaKey;

function connect(root, signal) {
  const state = { data: null, send: () => {} };
  const choose = (at) => {
    if (state.data.pictures[at]) state.send(at);
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) choose([...root.children].indexOf(button));
  }, { signal });
  const step = (event) => {
    const steps = { j: 1, k: -1 };
    const isWritten = event.composedPath().some((node) => node.matches?.("input:not([type=range]), textarea, [contenteditable]"));
    if (isCommand(event) || isWritten || !(event.key.toLowerCase() in steps)) return;
    event.preventDefault();
const { pictures, current } = state.data;
    const by = steps[event.key.toLowerCase()];
    let at = (current ?? -1) + by;
    // Of what failed there is nothing to see.
    while (pictures[at]?.verdict === "failed") at += by;
    choose(at);
  };
  document.addEventListener("keydown", step, { signal });
  return (data, send) => {
    const before = state.data;
    Object.assign(state, { data, send });
    root.setAttribute("aria-label", `${data.pictures.length} pictures; J and K go to the next and the one before`);
    const focused = [...root.children].indexOf(root.getRootNode().activeElement);
    root.replaceChildren(...data.pictures.map((picture, at) => cell(picture, at === data.current)));
    root.children[focused]?.focus({ preventScroll: true });
    const shown = root.querySelector("[aria-current]");
    if (shown && before?.current !== data.current) root.scrollLeft = shown.offsetLeft - root.clientWidth / 2;
  };
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!endings.has(parentElement)) {
    const ending = new AbortController();
    endings.set(parentElement, { ending, update: connect(parentElement.querySelector(".strip"), ending.signal) });
  }
  endings.get(parentElement).update(data, (at) => setTriggerValue("choose", at));
  return () => {
    endings.get(parentElement)?.ending.abort();
    endings.delete(parentElement);
  };
}
