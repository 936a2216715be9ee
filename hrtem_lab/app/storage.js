// Keeps small results in the browser of the reader, where they survive a reload.
function initialize({ model }) {
  const key = "hrtem_lab:" + model.get("name");
  try {
    const kept = JSON.parse(localStorage.getItem(key) || "{}");
    model.set("values", { ...kept, ...model.get("values") });
    model.save_changes();
  } catch { /* private windows refuse storage: results then last as long as the page */ }
  model.on("change:values", () => {
    try { localStorage.setItem(key, JSON.stringify(model.get("values"))); } catch { /* as above */ }
  });
}
export default { initialize, render() {} };
