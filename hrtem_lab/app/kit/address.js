// Keeps a dashboard's state in the page's address. JupyterLab's own address is not changed.
const onPage = () => document.body.dataset.hrtemLab !== undefined;

function initialize({ model }) {
  if (!onPage()) return;
  const params = new URLSearchParams(location.search);
  const own = new URLSearchParams();
  for (const name of model.get("names")) {
    if (params.has(name)) own.set(name, params.get(name));
  }
  if (own.size) model.set("asked", own.toString());
  model.set("page", location.origin + location.pathname);
  model.save_changes();
  let timer = null;
  model.on("change:query", () => {
    clearTimeout(timer);
    // Browsers limit how often an address may change; a drag changes it a hundred times.
    timer = setTimeout(() => {
      const next = new URLSearchParams(location.search);
      for (const name of model.get("names")) next.delete(name);
      for (const [name, value] of new URLSearchParams(model.get("query"))) next.set(name, value);
      const search = next.toString();
      history.replaceState(history.state, "", location.pathname + (search ? "?" + search : "") + location.hash);
    }, 250);
  });
}
export default { initialize, render() {} };
