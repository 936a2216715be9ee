// Keeps a dashboard's state in the page's address. JupyterLab's own address is not changed.
const onPage = () => document.body.dataset.hrtemLab !== undefined;
// The dashboards of the page, by their keys: each has its model and, once it is drawn, its element.
const dashboards = (document.hrtemLabDashboards ??= new Map());
const SETTLED = 300; // ms after which no further dashboard is expected on a page that is drawn

const plain = (name) => name.replace(/[\p{Cf}\s]/gu, "").toLowerCase().replace(/^amp;/, "");
const has = (model, name) => model.get("names").includes(plain(name));
const id = (model) => model.get("names").join();
const models = () => [...dashboards.values()].map(({ model }) => model);

// The parts of a query that are for this dashboard, as they are written; the first takes those for none.
function share(model, search, strangers) {
  const own = [...new URLSearchParams(search)].filter(([name]) =>
    has(model, name) || (strangers && !models().some((other) => has(other, name))));
  return new URLSearchParams(own).toString();
}

function first() {
  const before = ({ el }, other) => (el.compareDocumentPosition(other.el) & Node.DOCUMENT_POSITION_PRECEDING ? 1 : -1);
  return [...dashboards.values()].filter(({ el }) => el).sort(before)[0]?.model;
}

function tellOthers(model) {
  model.set("elsewhere", [...new Set(models().flatMap((other) => other.get("names")))]);
}

function ask(model, strangers) {
  const asked = share(model, document.hrtemLabOpened, strangers);
  if (!asked || asked === model.get("asked")) return;
  tellOthers(model);
  model.set("asked", asked);
  model.save_changes();
}

// Only when all dashboards are there is it known which keys none of them takes.
function askStrangers() {
  clearTimeout(document.hrtemLabSettling);
  document.hrtemLabSettling = setTimeout(() => {
    if (!document.body.classList.contains("shell-ready")) askStrangers();
    else if (first()) ask(first(), true);
  }, SETTLED);
}

function initialize({ model }) {
  if (!onPage() || !model.get("names").length) return;
  document.hrtemLabOpened ??= location.search;
  dashboards.set(id(model), { model });
  model.set("page", location.origin + location.pathname);
  model.save_changes();
  ask(model, false);
  askStrangers();
  document.addEventListener("hrtem-lab-follow", ({ detail }) => {
    tellOthers(model);
    model.save_changes();
    model.send({ follow: share(model, detail, id(model) === id(first() ?? model)) });
  });
  let timer = null;
  model.on("change:query", () => {
    clearTimeout(timer);
    // Browsers limit how often an address may change; a drag changes it a hundred times.
    timer = setTimeout(() => {
      const next = new URLSearchParams(location.search);
      for (const name of [...next.keys()]) if (has(model, name)) next.delete(name);
      for (const [name, value] of new URLSearchParams(model.get("query"))) next.set(name, value);
      const search = next.toString();
      history.replaceState(history.state, "", location.pathname + (search ? "?" + search : "") + location.hash);
    }, 250);
  });
}

// JupyterLab takes a link such as "?tilt=2" for a file beside the notebook, and gives it that file's address.
function settingsInLab(anchor) {
  const file = new URL(anchor.href).pathname.split("/").pop();
  return file.startsWith("%3F") ? decodeURIComponent(file.slice(3)) : null;
}

function followInLab(model, el) {
  const follow = (event) => {
    const anchor = event.target.closest?.("a[href]");
    if (!anchor || !el.closest(".jp-Notebook")?.contains(anchor)) return;
    const settings = settingsInLab(anchor);
    if (settings === null) return;
    event.preventDefault();
    event.stopPropagation();
    const own = [...new URLSearchParams(settings)].filter(([name]) => has(model, name));
    model.send({ follow: new URLSearchParams(own).toString() });
    if (own.length) el.closest(".hl-dashboard")?.scrollIntoView();
  };
  document.addEventListener("click", follow, true);
  return () => document.removeEventListener("click", follow, true);
}

function render({ model, el }) {
  if (!onPage()) return followInLab(model, el);
  if (dashboards.has(id(model))) dashboards.get(id(model)).el = el;
}
export default { initialize, render };
