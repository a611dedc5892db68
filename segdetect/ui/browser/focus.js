// What is taken off the page, or is turned off, with the focus in it leaves the focus at the page's top, and who listens to
// the page hears nothing of what came of it. Here the focus goes to what is left next to it, or to what takes it back.
const APP = '[data-testid="stApp"]';
const STATE = "data-test-script-state";
const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";
// How often it is looked, and when: what a run has sent is drawn a while after it.
const SETTLED_MS = 150;
const TRIES = 12;
// Links to headings, and tools of what is shown: none of them is what a visitor was at.
const ASIDE = '[data-testid="stHeaderActionElements"], [data-testid="stElementToolbar"]';
const TABLE = '[data-testid="stDataFrame"] canvas[tabindex="0"]';
// By the key of what is gone: what is to be reached in its place, the first that there is.
const GOALS = [
  ["st-key-history-delete", [".st-key-history-undo button"]],
  ["st-key-history-undo", [TABLE]],
  ["st-key-plan-delete", [".st-key-plans-deleted button"]],
  ["st-key-show-plan-", [".st-key-plan-use button"]],
  ["st-key-FormSubmitter-edit-plan", [".st-key-plan-use button"]],
  ["st-key-import-plan", [".st-key-plan-use button"]],
  ["st-key-restore-", ['[class*="st-key-restore-"] button', ".st-key-plan-use button"]],
  ["st-key-for-good-", ['[class*="st-key-for-good-"] button', '[class*="st-key-plans-import"] button']],
];

/** What had the focus last, with the part of the page and the key it lies in, and the page's stops as they were then. */
let held = null;
let byKey = false;
let timer = null;

function usable(stop) {
  return stop.isConnected && !stop.disabled && stop.tabIndex >= 0 && stop.checkVisibility({ visibilityProperty: true });
}

function remember({ target }) {
  // Where what a button opens is closed with the focus in it, popovers.js leads back to the button.
  const opened = target.closest?.('[data-testid="stPopoverBody"]');
  const stops = [...(opened ?? document).querySelectorAll(STOPS)];
  const keyed = target.closest?.('[class*="st-key-"]');
  const part = target.closest?.('[data-testid="stElementContainer"]');
  held = { target, stops, part, opened, at: stops.indexOf(target), keys: keyed?.className ?? "" };
}

function goalsOf({ keys }) {
  return GOALS.find(([key]) => keys.includes(key))?.[1] ?? [];
}

function firstOf(goals) {
  for (const goal of goals) {
    const found = [...document.querySelectorAll(goal)].filter(usable).at(-1);
    if (found) return found;
  }
  return undefined;
}

function nextTo({ stops: all, part, at: place }) {
  const stops = all.filter((stop, i) => i === place || !stop.closest(ASIDE));
  const at = stops.indexOf(all[place]);
  // As where "Upload" gives way to the files that were chosen, with a button for more.
  const beside = part?.isConnected && [...part.querySelectorAll(STOPS)].filter(usable).at(-1);
  if (beside) return beside;
  if (at < 0) return undefined;
  return stops.slice(at + 1).find(usable) ?? stops.slice(0, at).reverse().find(usable);
}

function isLost() {
  const nothing = document.activeElement === document.body || document.activeElement === null;
  return nothing && !usable(held.target);
}

function look(tries = TRIES) {
  if (!byKey || !held) return;
  const lost = isLost();
  const goals = goalsOf(held);
  const goal = lost ? firstOf(goals) : undefined;
  // What is gone may be taken off a while after the run has ended, too.
  const waits = !lost || goals.length > 0 || held.opened;
  if (!goal && waits && tries > 0) {
    timer = setTimeout(look, SETTLED_MS, tries - 1);
    return;
  }
  if (!lost) return;
  const left = goal ?? nextTo(held);
  held = null;
  left?.focus();
}

export default function () {
  const app = document.querySelector(APP);
  if (!app) return undefined;
  const ending = new AbortController();
  const { signal } = ending;
  document.addEventListener("focusin", remember, { signal, capture: true });
  document.addEventListener("keydown", () => { byKey = true; }, { signal, capture: true });
  document.addEventListener("pointerdown", () => { byKey = false; held = null; }, { signal, capture: true });
  const watch = new MutationObserver(() => {
    clearTimeout(timer);
    if (app.getAttribute(STATE) === "notRunning") timer = setTimeout(look, SETTLED_MS);
  });
  watch.observe(app, { attributes: true, attributeFilter: [STATE] });
  return () => {
    watch.disconnect();
    clearTimeout(timer);
    ending.abort();
  };
}
