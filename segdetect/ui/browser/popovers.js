// Streamlit puts what a button opens at the end of the page: by the Tab key it came after everything else. Here it comes
// where it is seen to belong, right after the button that opened it, and from its end the way goes on behind that button.
const BODY = '[data-testid="stPopoverBody"]';
const OPENER = '[data-testid="stPopoverButton"]';
const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";

/** The opener that a visitor used last: several may be open at once. */
let opener = null;
/** Whether the page was last used by key: who clicks keeps the stage's keys. */
let byKey = false;

function bodyOf(button) {
  if (button?.getAttribute("aria-expanded") !== "true") return null;
  const bodies = [...document.querySelectorAll(BODY)];
  const label = button.innerText.trim();
  return bodies.find((body) => label.endsWith(body.getAttribute("aria-label") || "\n")) ?? bodies.at(-1) ?? null;
}

/** The ends of what the Tab key stops at, without what is folded away. */
function endsOf(body) {
  const stops = [...body.querySelectorAll(STOPS)].filter(
    (one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }),
  );
  return [stops[0], stops.at(-1)];
}

function walk(event) {
  if (event.key !== "Tab" || event.altKey || event.ctrlKey || event.metaKey) return;
  const { target } = event;
  const button = target.closest?.(OPENER);
  if (button) {
    opener = button;
    const body = event.shiftKey ? null : bodyOf(button);
    const first = body && endsOf(body)[0];
    if (first) {
      event.preventDefault();
      first.focus();
    }
    return;
  }
  const body = target.closest?.(BODY);
  if (!body || !opener?.isConnected) return;
  const [first, last] = endsOf(body);
  if (event.shiftKey && (target === first || target === body)) {
    event.preventDefault();
    opener.focus();
  } else if (!event.shiftKey && target === last) {
    // The browser goes on from here.
    opener.focus();
  }
}

/** What closes with the focus in it, as a form that was sent by Enter, would leave the Tab key at the page's top. */
function returnFocus(records) {
  const closed = records.some(({ removedNodes }) => [...removedNodes].some((node) => node.querySelector?.(BODY)));
  if (closed && byKey && opener?.isConnected && document.activeElement === document.body) opener.focus();
}

export default function () {
  const ending = new AbortController();
  const { signal } = ending;
  document.addEventListener("keydown", walk, { signal, capture: true });
  document.addEventListener("keydown", () => { byKey = true; }, { signal, capture: true });
  document.addEventListener("pointerdown", () => { byKey = false; }, { signal, capture: true });
  document.addEventListener("click", ({ target }) => { opener = target.closest?.(OPENER) ?? opener; }, { signal, capture: true });
  const watch = new MutationObserver(returnFocus);
  watch.observe(document.body, { childList: true });
  return () => {
    watch.disconnect();
    ending.abort();
  };
}
