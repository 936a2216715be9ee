// Keeps the answer to a question in the reader's browser, and covers what would give a prediction's answer away.
const onPage = () => document.body.dataset.hrtemLab !== undefined;
const KEPT = ["answer", "skipped", "outcome"];

// Returns null where a private window refuses storage: an answer then lasts as long as the page.
function stored(key) {
  let text;
  try { text = localStorage.getItem(key) || "{}"; } catch { return null; }
  try { return JSON.parse(text) ?? {}; } catch { return {}; }
}

function initialize({ model }) {
  const key = "hrtem_lab:" + model.get("name");
  const kept = stored(key);
  // An answer to the question as it was once worded is no answer to this one.
  if (model.get("options").includes(kept?.answer)) model.set("answer", kept.answer);
  if (Array.isArray(kept?.outcome)) model.set("outcome", kept.outcome.map(String));
  model.set("skipped", kept?.skipped === true);
  const asked = new URLSearchParams(onPage() ? location.search : "");
  if (model.get("settings").some((name) => asked.has(name))) model.set("uncovered", "link");
  // Without storage a cover would come back on every visit.
  else if (kept === null) model.set("uncovered", "storage");
  model.save_changes();
  const save = () => {
    const next = Object.fromEntries(KEPT.map((name) => [name, model.get(name)]));
    try {
      if (next.answer || next.skipped) localStorage.setItem(key, JSON.stringify(next));
      else localStorage.removeItem(key);
    } catch { /* see above */ }
  };
  for (const name of KEPT) model.on(`change:${name}`, save);
}

function render({ model, el }) {
  if (!model.get("covers")) return;
  let covered = false;
  const sweep = () => {
    for (const part of el.closest(".jp-Notebook")?.querySelectorAll(".hl-outcome") ?? []) {
      part.inert = covered; // neither a keyboard nor a screen reader comes upon the answer
      part.classList.toggle("hl-covered", covered);
    }
  };
  // Parts of the page may be drawn later than this.
  const watch = new MutationObserver(sweep);
  const decide = () => {
    covered = !(model.get("answer") || model.get("skipped") || model.get("uncovered"));
    watch.disconnect();
    if (covered) watch.observe(document.body, { childList: true, subtree: true });
    sweep();
  };
  for (const name of ["answer", "skipped", "uncovered"]) model.on(`change:${name}`, decide);
  decide();
  // Skipping does not wait for the kernel: it may be busy, or gone.
  const skip = (event) => {
    if (!event.target.closest(".hl-skip")?.closest(".hl-question").contains(el)) return;
    model.set("skipped", true);
    model.save_changes();
  };
  document.addEventListener("click", skip);
  return () => {
    document.removeEventListener("click", skip);
    watch.disconnect();
    covered = false;
    sweep();
  };
}
export default { initialize, render };
