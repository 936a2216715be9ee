// A picture divided into cells that the reader marks: with the mouse, a finger, or the arrow keys and space.
const SVG = "http://www.w3.org/2000/svg";

function render({ model, el }) {
  const figure = document.createElement("figure");
  figure.className = "hl-picture hl-grid";
  const frame = document.createElement("div");
  frame.className = "hl-frame hl-clickable";
  frame.tabIndex = 0;
  frame.setAttribute("role", "application");
  const img = document.createElement("img");
  img.draggable = false;
  const under = document.createElement("div");
  under.className = "hl-overlay";
  const over = document.createElement("div");
  over.className = "hl-overlay";
  const spoken = document.createElement("div");
  spoken.className = "hl-spoken";
  spoken.setAttribute("aria-live", "polite");
  const caption = document.createElement("figcaption");
  frame.append(img, over, under);
  figure.append(frame, spoken, caption);
  el.append(figure);

  const count = () => model.get("cells");
  let marked = new Set(model.get("marked"));
  let cursor = [Math.floor(count() / 2), Math.floor(count() / 2)]; // row, column
  let url = null;

  const shape = (name, attributes) => {
    const one = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    return one;
  };
  const drawGrid = () => {
    const n = count();
    const svg = shape("svg", { viewBox: `0 0 ${n} ${n}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    for (const place of marked) {
      svg.append(shape("rect", { x: place % n, y: Math.floor(place / n), width: 1, height: 1, class: "hl-marked" }));
    }
    let lines = "";
    for (let i = 1; i < n; i += 1) lines += `M${i} 0V${n}M0 ${i}H${n}`;
    svg.append(shape("path", { d: lines, class: "hl-lines" }));
    const box = { x: cursor[1] + 0.05, y: cursor[0] + 0.05, width: 0.9, height: 0.9 };
    svg.append(shape("rect", { ...box, class: "hl-cursor-outer" }), shape("rect", { ...box, class: "hl-cursor" }));
    over.replaceChildren(svg);
  };
  const drawData = () => {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("data")], { type: "image/png" }));
    img.src = url;
    if (old) URL.revokeObjectURL(old);
  };
  const drawOverlay = () => { under.innerHTML = model.get("overlay"); };
  const drawText = () => {
    img.alt = model.get("alt");
    frame.setAttribute("aria-label", model.get("label"));
    frame.setAttribute("aria-disabled", String(!model.get("enabled")));
    frame.classList.toggle("hl-clickable", model.get("enabled"));
    caption.innerHTML = model.get("caption");
    caption.hidden = !model.get("caption");
  };
  const say = () => {
    const [row, column] = cursor;
    const is = marked.has(row * count() + column) ? "marked" : "not marked";
    spoken.textContent = `Row ${row + 1}, column ${column + 1}: ${is}`;
  };
  const mark = ([row, column], on) => {
    const place = row * count() + column;
    if (!model.get("enabled") || marked.has(place) === on) return;
    if (on) marked.add(place); else marked.delete(place);
    model.set("marked", [...marked].sort((a, b) => a - b));
    model.save_changes();
  };
  const isMarked = ([row, column]) => marked.has(row * count() + column);

  model.on("change:marked", () => { marked = new Set(model.get("marked")); drawGrid(); });
  model.on("change:cells", drawGrid);
  model.on("change:data", drawData);
  model.on("change:overlay", drawOverlay);
  model.on("change:alt change:caption change:label change:enabled", drawText);

  const cellAt = (event) => {
    const box = frame.getBoundingClientRect(), n = count();
    const inside = (value) => Math.min(Math.max(Math.floor(value * n), 0), n - 1);
    return [inside((event.clientY - box.top) / box.height), inside((event.clientX - box.left) / box.width)];
  };
  let brush = null; // a drag marks or clears every cell it passes, as its first cell did
  frame.addEventListener("pointerdown", (event) => {
    if (!model.get("enabled") || event.button) return;
    frame.setPointerCapture(event.pointerId);
    cursor = cellAt(event);
    brush = !isMarked(cursor);
    mark(cursor, brush);
    drawGrid();
  });
  frame.addEventListener("pointermove", (event) => {
    if (brush === null || !frame.hasPointerCapture(event.pointerId)) return;
    cursor = cellAt(event);
    mark(cursor, brush);
  });
  for (const end of ["pointerup", "pointercancel"]) frame.addEventListener(end, () => { brush = null; });
  const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = steps[event.key], n = count();
    if (step) {
      const from = isMarked(cursor);
      cursor = cursor.map((place, axis) => Math.min(Math.max(place + step[axis], 0), n - 1));
      if (event.shiftKey) mark(cursor, from); // with Shift, a step extends the mark
    } else if (event.key === " " || event.key === "Enter") {
      mark(cursor, !isMarked(cursor));
    } else return;
    event.preventDefault();
    event.stopPropagation();
    drawGrid();
    say();
  });

  drawData();
  drawOverlay();
  drawText();
  drawGrid();
  return () => { if (url) URL.revokeObjectURL(url); };
}
export default { render };
