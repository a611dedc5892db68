// Two pictures on top of each other: the pointer or the slider wipes, the button or B shows them in turn.
const TURN_MS = 700;
const STEP = 5;
const endings = new WeakMap();

function connect(root, signal) {
  const find = (selector) => root.querySelector(selector);
  const stage = find(".stage");
  const slider = find("input");
  const button = find("button");
  const says = find(".says");
  const state = { captions: ["", ""], at: 50, blinking: null, isLeft: true };
  const show = () => {
    stage.style.setProperty("--at", `${state.at}%`);
    stage.style.setProperty("--shown", state.isLeft ? "visible" : "hidden");
    stage.classList.toggle("blinking", state.blinking !== null);
    button.setAttribute("aria-pressed", String(state.blinking !== null));
    slider.value = state.at;
    slider.disabled = state.blinking !== null;
    const [left, right] = state.captions;
    says.textContent = state.blinking === null ? `${left} | ${right}` : state.isLeft ? left : right;
  };
  const stop = () => {
    clearInterval(state.blinking);
    state.blinking = null;
  };
  const wipe = (at) => {
    stop();
    state.at = Math.min(100, Math.max(0, at));
    show();
  };
  const blink = () => {
    if (state.blinking !== null) stop();
    else {
      state.blinking = setInterval(() => {
        state.isLeft = !state.isLeft;
        show();
      }, TURN_MS);
    }
    show();
  };
  const on = (target, name, act) => target.addEventListener(name, act, { signal });
  const wipeTo = (event) => {
    const { left, width } = stage.getBoundingClientRect();
    wipe((100 * (event.clientX - left)) / width);
  };
  on(slider, "input", () => wipe(Number(slider.value)));
  on(button, "click", blink);
  on(stage, "pointerdown", (event) => {
    stage.setPointerCapture(event.pointerId);
    wipeTo(event);
  });
  on(stage, "pointermove", (event) => {
    if (event.buttons > 0) wipeTo(event);
  });
  on(root, "keydown", (event) => {
    const moves = { ArrowLeft: -STEP, ArrowRight: STEP };
    if (event.key.toLowerCase() === "b") blink();
    else if (event.target === stage && event.key in moves) wipe(state.at + moves[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  signal.addEventListener("abort", stop);
  return (data) => {
    state.captions = data.sides.map((side) => side.caption);
    stage.setAttribute("aria-label", data.alt);
    find(".left").src = data.sides[0].picture;
    find(".right").src = data.sides[1].picture;
    show();
  };
}

export default function ({ parentElement, data }) {
  if (!endings.has(parentElement)) {
    const ending = new AbortController();
    endings.set(parentElement, { ending, update: connect(parentElement.querySelector(".overlay"), ending.signal) });
  }
  endings.get(parentElement).update(data);
  return () => {
    endings.get(parentElement)?.ending.abort();
    endings.delete(parentElement);
  };
}
