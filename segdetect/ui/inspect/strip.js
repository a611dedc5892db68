// The strip of pictures: a small copy of each with its verdict's sign, J and K for the next and the one before. What is
// known of one is said in full where the pointer rests.
const endings = new WeakMap();
const AWAITED = "not inspected yet";

function made(tag, className, textContent = "") {
  return Object.assign(document.createElement(tag), { className, textContent });
}

function cell({ name, verdict, sign, thumbnail }) {
  const button = made("button", verdict ? verdict.replace(" ", "-") : "awaited");
  button.type = "button";
  button.setAttribute("aria-label", `${name}, ${verdict || AWAITED}`);
  if (thumbnail) button.append(Object.assign(made("img", ""), { src: thumbnail, alt: "" }));
  button.append(made("span", "dot", sign || "\u2026"));
  return button;
}

/** Name, verdict and reason of the picture below the pointer, or that has the focus. */
class Tip {
  constructor(node) {
    this.node = node;
  }

  show(button, { name, verdict, why }) {
    this.node.replaceChildren(made("b", "", name), made("i", "", verdict || AWAITED), made("span", "", why));
    this.node.hidden = false;
    const { left, bottom } = button.getBoundingClientRect();
    const room = document.documentElement.clientWidth - this.node.offsetWidth - 8;
    Object.assign(this.node.style, { left: `${Math.max(8, Math.min(left, room))}px`, top: `${bottom + 8}px` });
  }

  hide() {
    this.node.hidden = true;
  }
}

const isCommand = ({ altKey, ctrlKey, metaKey }) => altKey || ctrlKey || metaKey;
const isWriting = (node) => node.matches?.("input:not([type=range]), textarea, [contenteditable]");

class Strip {
  constructor(root, signal) {
    this.root = root;
    this.tip = new Tip(root.parentNode.querySelector(".tip"));
    this.made = [];
    const on = (target, kinds, act) => {
      for (const kind of kinds) target.addEventListener(kind, act, { signal });
    };
    on(root, ["click"], (event) => this.choose(this.at(event)));
    on(root, ["pointerover"], (event) => event.pointerType !== "touch" && this.explain(this.at(event)));
    on(root, ["focusin"], ({ target }) => target.matches(":focus-visible") && this.explain(this.cells.indexOf(target)));
    on(root, ["pointerleave", "focusout", "scroll"], () => this.tip.hide());
    on(document, ["keydown"], (event) => this.press(event));
  }

  get cells() {
    return [...this.root.children];
  }

  at(event) {
    return this.cells.indexOf(event.target.closest("button"));
  }

  explain(at) {
    if (at < 0) this.tip.hide();
    else this.tip.show(this.cells[at], this.data.pictures[at]);
  }

  update(data, send) {
    const before = this.data;
    Object.assign(this, { data, send });
    this.root.setAttribute("aria-label", `${data.pictures.length} pictures; J and K go to the next and the one before`);
    this.draw(data.pictures);
    this.mark(data.current, before?.current !== data.current || before?.pictures.length !== data.pictures.length);
  }

  /** Only what has changed is made anew, so that nothing flickers while answers come in. */
  draw(pictures) {
    const focused = this.cells.indexOf(this.root.getRootNode().activeElement);
    pictures.forEach((picture, at) => {
      const told = JSON.stringify(picture);
      if (this.made[at] === told) return;
      this.made[at] = told;
      if (this.cells[at]) this.cells[at].replaceWith(cell(picture));
      else this.root.append(cell(picture));
    });
    this.made.length = pictures.length;
    for (const gone of this.cells.slice(pictures.length)) gone.remove();
    this.cells[focused]?.focus({ preventScroll: true });
  }

  mark(current, isNews) {
    this.cells.forEach((button, at) => {
      if (at === current) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    });
    const shown = this.cells[current];
    if (shown && isNews) this.root.scrollLeft = shown.offsetLeft - this.root.clientWidth / 2;
  }

  choose(at) {
    const picture = this.data.pictures[at];
    if (!picture) return;
    this.tip.hide();
    // Of what failed there is nothing to see but why, which the page says.
    if (picture.verdict !== "failed") this.mark(at, false);
    this.send(at);
  }

  press(event) {
    const by = { j: 1, k: -1 }[event.key.toLowerCase()];
    if (!by || isCommand(event) || event.composedPath().some(isWriting)) return;
    event.preventDefault();
    const { pictures } = this.data;
    let at = this.cells.findIndex((one) => one.hasAttribute("aria-current")) + by;
    while (pictures[at]?.verdict === "failed") at += by;
    this.choose(at);
  }
}

export default function ({ parentElement, data, setTriggerValue }) {
  if (!endings.has(parentElement)) {
    const ending = new AbortController();
    endings.set(parentElement, { ending, strip: new Strip(parentElement.querySelector(".strip"), ending.signal) });
  }
  endings.get(parentElement).strip.update(data, (at) => setTriggerValue("choose", at));
  return () => {
    endings.get(parentElement)?.ending.abort();
    endings.delete(parentElement);
  };
}
