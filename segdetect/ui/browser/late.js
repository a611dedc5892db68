// Marks a page whose run lasts: what stands there from the run before is then shown faint, by the page's style. A
// transition with a delay would say the same without a script, but has the browser draw sixty frames a second meanwhile.
const STATE = "data-test-script-state";
const AFTER_MS = 2000;
// Streamlit sets the classes of its own root anew, as when the theme changes.
const MARKED = document.documentElement;

export default function () {
  const app = document.querySelector("[data-testid=stApp]");
  if (!app) return undefined;
  let timer = null;
  const lift = () => {
    clearTimeout(timer);
    timer = null;
    MARKED.classList.remove("sd-late");
  };
  const look = () => {
    if (app.getAttribute(STATE) !== "running") lift();
    else timer ??= setTimeout(() => MARKED.classList.add("sd-late"), AFTER_MS);
  };
  const watch = new MutationObserver(look);
  watch.observe(app, { attributes: true, attributeFilter: [STATE] });
  look();
  return () => {
    watch.disconnect();
    lift();
  };
}
