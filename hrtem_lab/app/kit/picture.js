// A picture: PNG bytes in an <img>, an SVG drawn over it, and the place of a click or a drag.
function render({ model, el }) {
  const figure = document.createElement("figure");
  figure.className = "hl-picture";
  const frame = document.createElement("div");
  frame.className = "hl-frame";
  const img = document.createElement("img");
  img.draggable = false;
  const overlay = document.createElement("div");
  overlay.className = "hl-overlay";
  const caption = document.createElement("figcaption");
  const busy = document.createElement("div");
  busy.className = "hl-busy";
  frame.append(img, overlay, busy);
  figure.append(frame, caption);
  el.append(figure);

  let url = null;
  const drawData = () => {
    const old = url;
    url = URL.createObjectURL(new Blob([model.get("data")], { type: "image/png" }));
    img.src = url;
    if (old) URL.revokeObjectURL(old);
  };
  const drawOverlay = () => { overlay.innerHTML = model.get("overlay"); };
  const drawText = () => {
    img.alt = model.get("alt");
    caption.innerHTML = model.get("caption");
    caption.hidden = !model.get("caption");
    img.classList.toggle("hl-smooth", model.get("smooth"));
    frame.classList.toggle("hl-clickable", model.get("clickable"));
  };
  const drawBusy = () => {
    busy.textContent = model.get("busy");
    busy.hidden = !model.get("busy");
    figure.setAttribute("aria-busy", String(!busy.hidden));
  };
  model.on("change:busy", drawBusy);
  model.on("change:data", drawData);
  model.on("change:overlay", drawOverlay);
  model.on("change:alt change:caption change:smooth change:clickable", drawText);
  drawData();
  drawOverlay();
  drawText();
  drawBusy();

  let strokes = 0;
  const point = (event) => {
    const box = frame.getBoundingClientRect();
    const inside = (value) => Math.min(Math.max(value, 0), 1);
    model.set("point", [
      inside((event.clientX - box.left) / box.width),
      inside((event.clientY - box.top) / box.height),
      strokes, // a second click at the same place is an event, too
    ]);
    model.save_changes();
  };
  frame.addEventListener("pointerdown", (event) => {
    if (!model.get("clickable")) return;
    frame.setPointerCapture(event.pointerId);
    strokes += 1;
    point(event);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) point(event);
  });
  return () => { if (url) URL.revokeObjectURL(url); };
}
export default { render };
