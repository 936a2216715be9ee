// A button that asks Python for a file and hands it to the browser's downloads.
function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "jupyter-button widget-button hl-button";
  button.textContent = model.get("label");
  button.addEventListener("click", () => {
    button.disabled = true;
    model.send({ kind: "request" });
    setTimeout(() => { button.disabled = false; }, 5000);
  });
  const receive = (content, buffers) => {
    button.disabled = false;
    if (content.kind !== "file") return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([buffers[0]], { type: content.type }));
    link.download = content.name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  model.on("msg:custom", receive);
  el.append(button);
  return () => model.off("msg:custom", receive);
}
export default { render };
