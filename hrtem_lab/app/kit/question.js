// Keeps the answer to a question in the reader's browser, and covers what would give a prediction's answer away.
const onPage = () => document.body.dataset.hrtemLab !== undefined;
const KEPT = ["answer", "skipped", "outcome"];

function restore(model, key) {
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    // An answer to the question as it was once worded is no answer to this one.
    if (model.get("options").includes(kept.answer)) {
      model.set("answer", kept.answer);
      if (Array.isArray(kept.outcome)) model.set("outcome", kept.outcome.map(String));
    }
    model.set("skipped", kept.skipped === true);
  } catch { /* private windows refuse storage: an answer then lasts as long as the page */ }
}

function initialize({ model }) {
  const key = "hrtem_lab:" + model.get("name");
  restore(model, key);
  if (onPage()) {
    const asked = new URLSearchParams(location.search);
    model.set("linked", model.get("settings").some((name) => asked.has(name)));
  }
  model.save_changes();
  const save = () => {
    const kept = Object.fromEntries(KEPT.map((name) => [name, model.get(name)]));
    try {
      if (kept.answer || kept.skipped) localStorage.setItem(key, JSON.stringify(kept));
      else localStorage.removeItem(key);
    } catch { /* as above */ }
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
    covered = !(model.get("answer") || model.get("skipped") || model.get("linked"));
    watch.disconnect();
    if (covered) watch.observe(document.body, { childList: true, subtree: true });
    sweep();
  };
  for (const name of ["answer", "skipped", "linked"]) model.on(`change:${name}`, decide);
  decide();
  return () => { watch.disconnect(); covered = false; sweep(); };
}
export default { initialize, render };
