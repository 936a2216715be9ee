// Keeps best results in the browser of the reader, where they survive a reload.
function initialize({ model }) {
  const key = "hrtem_lab:" + model.get("name");
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    const best = { ...model.get("values") };
    for (const [name, value] of Object.entries(kept)) best[name] = Math.max(value, best[name] ?? value);
    model.set("values", best);
    model.save_changes();
  } catch { /* private windows refuse storage: results then last as long as the page */ }
  model.on("change:values", () => {
    try { localStorage.setItem(key, JSON.stringify(model.get("values"))); } catch { /* as above */ }
  });
}
export default { initialize, render() {} };
