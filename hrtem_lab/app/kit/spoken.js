// Gives the controls of ipywidgets what a screen reader says: their names, their values with units, what is pressed.
// They stand in the page without it, in Voilà as in JupyterLab, so one observer looks after all of the page.
const CONTROLS = ".widget-slider, .widget-toggle-buttons, .widget-radio, .widget-hprogress, .hl-presets, " +
  ".hl-question, .hl-live";
const ALL = `${CONTROLS}, .hl-dashboard`;

const give = (element, attributes) => {
  for (const [name, value] of Object.entries(attributes)) {
    if (element && value && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
};
const text = (element) => element?.textContent.trim() ?? "";
const labelOf = (control) => text(control.querySelector(":scope > .widget-label"));

function slider(control) {
  const label = labelOf(control), readout = control.querySelector(".widget-readout");
  const [, name, unit] = /^(.*?)(?:\s+\(([^()]*)\))?$/.exec(label);
  const said = unit === "°" ? text(readout) + unit : `${text(readout)} ${unit ?? ""}`.trim();
  for (const handle of control.querySelectorAll("[role=slider]")) {
    give(handle, { "aria-label": name, "aria-valuetext": said });
  }
  if (readout?.isContentEditable) give(readout, { role: "textbox", "aria-label": `${label}, as a number` });
}

function buttons(control) {
  give(control, { role: "group", "aria-label": labelOf(control) });
  for (const button of control.querySelectorAll("button")) {
    const chosen = button.matches(".mod-active, .hl-chosen");
    give(button, { "aria-pressed": String(chosen) });
  }
}

// Buttons with one name are one stop of the keyboard, and the arrow keys go from one to the next.
let groups = 0;
function radios(box) {
  for (const one of box.querySelectorAll("input[type=radio]")) {
    one.name = box.dataset.group ??= `hl-radios-${groups += 1}`;
  }
}

function question(block) {
  const asked = text(block.querySelector("strong"));
  give(block, { role: "group", "aria-label": asked });
  for (const box of block.querySelectorAll(".widget-radio")) {
    give(box, { role: "radiogroup", "aria-label": asked });
    radios(box);
  }
}

// The heading above a dashboard says what it shows.
function dashboard(block) {
  const above = [...document.querySelectorAll("h1, h2, h3")].filter((heading) =>
    heading.compareDocumentPosition(block) === Node.DOCUMENT_POSITION_FOLLOWING);
  const name = text(above.at(-1)).replace(/¶$/, "");
  give(block, { role: "group", "aria-label": name || "Figure with controls" });
}

function speak(control) {
  const is = (name) => control.classList.contains(name);
  if (is("widget-slider")) slider(control);
  else if (is("widget-toggle-buttons") || is("hl-presets")) buttons(control);
  else if (is("hl-question")) question(control);
  else if (is("widget-radio") && !control.closest(".hl-question")) {
    give(control, { role: "radiogroup", "aria-label": labelOf(control) });
    radios(control);
  } else if (is("widget-hprogress")) {
    give(control.querySelector(".progress"), { role: "progressbar", "aria-label": labelOf(control) || "Progress" });
  } else if (is("hl-dashboard")) dashboard(control);
  if (is("hl-live")) give(control, { role: "status" });
}

function follow(records) {
  const changed = new Set();
  for (const { type, target, addedNodes } of records) {
    const near = (target.nodeType === Node.ELEMENT_NODE ? target : target.parentElement)?.closest(CONTROLS);
    if (near) changed.add(near);
    if (type === "attributes" && target.matches(".hl-dashboard:not([role])")) changed.add(target);
    for (const node of addedNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) continue;
      for (const control of node.querySelectorAll(ALL)) changed.add(control);
      if (node.matches(ALL)) changed.add(node);
    }
  }
  changed.forEach(speak);
}

// A large page step for a slider of hundreds of values: a tenth of it, as for one of fifty.
const STEPS = 50;

function page(event) {
  const handle = event.target;
  if (!event.isTrusted || !["PageUp", "PageDown"].includes(event.key) || !handle.matches?.(".noUi-handle")) return;
  const options = handle.closest(".noUi-target")?.noUiSlider?.options;
  const steps = options ? (options.range.max - options.range.min) / (options.step || 1) : 0;
  for (let more = Math.round(steps / STEPS) - 1; more > 0; more -= 1) {
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: event.key, bubbles: true, cancelable: true }));
  }
}

// The number beside a slider has a typographic minus, which ipywidgets writes but does not read.
function plain(event) {
  const readout = event.target;
  if (!readout.matches?.(".widget-readout[contenteditable]") || (event.key ?? "Enter") !== "Enter") return;
  const typed = readout.textContent.replace(/[\u2212\u2012\u2013]/g, "-").replace(/[\s\u202f\u00a0]/g, "");
  if (typed !== readout.textContent) readout.textContent = typed;
}

function initialize() {
  if (document.hrtemLabSpoken) return;
  document.hrtemLabSpoken = new MutationObserver(follow);
  const watched = ["class", "aria-valuetext"];
  const what = { subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: watched };
  document.hrtemLabSpoken.observe(document.body, what);
  document.querySelectorAll(ALL).forEach(speak);
  document.addEventListener("keydown", page, true);
  document.addEventListener("keydown", plain, true);
  document.addEventListener("blur", plain, true);
}
export default { initialize, render() {} };
