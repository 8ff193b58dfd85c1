/* How the maps are shown. Nothing here is computed again. */

const RANGES = [["positive", "Positive", "Evidence for: values below zero are cut, each smoothed map from its lowest to its highest"],
  ["full", "Full", "From the lowest to the highest raw value"], ["symmetric", "Signed", "Around zero: evidence for and against"],
  ["negative", "Negative", "Evidence against: values above zero are cut"], ["custom", "Custom", "Between two raw values of your choice"]];
const SCALES = [["each", "Own scales"], ["method", "Scale per method"], ["grid", "One scale for all"]];

function choices(label, options, value, onchange) {
  const list = el("select", { "aria-label": label, title: label, onchange: (event) => onchange(event.target.value) });
  list.append(...options.map(([key, text]) => el("option", { value: key, selected: key === value }, text)));
  return list;
}

function segments(grid) {
  return el("div", { class: "segments", role: "group", "aria-label": "Range" }, ...RANGES.map(([key, text, title]) =>
    el("button", { type: "button", title, "aria-pressed": String(grid.settings.range === key), onclick: () => change(grid, { range: key }) }, text)));
}

function numbers(grid) {
  if (grid.settings.range !== "custom") return [];
  return ["low", "high"].map((end) => el("input", {
    type: "number", step: "any", value: Number(grid.settings[end].toPrecision(4)), "aria-label": `${end} end of the colours`, class: "number",
    onchange: (event) => { if (Number.isFinite(event.target.valueAsNumber)) change(grid, { [end]: event.target.valueAsNumber }); },
  }));
}

function box(grid, name, text, title) {
  const input = el("input", { type: "checkbox", onchange: (event) => change(grid, { [name]: event.target.checked }) });
  input.checked = grid.settings[name];
  return el("label", { title }, input, text);
}

function drawToolbar(grid) {
  const { settings, data } = grid;
  const diverging = settings.range === "symmetric" || (settings.range === "custom" && settings.low < 0 && settings.high > 0);
  const kind = diverging ? "diverging" : "sequential";
  const slider = el("input", { type: "range", min: 0, max: 1, step: 0.01, value: settings.opacity, "aria-label": "Opacity",
    oninput: (event) => change(grid, { opacity: Number(event.target.value) }, false) });
  const colours = choices("Colours", data.ramps[kind].map((name) => [name, name]), settings[kind], (name) => change(grid, { [kind]: name }));
  grid.toolbar.replaceChildren(
    el("label", { class: "slider" }, "Opacity", slider), segments(grid), ...numbers(grid),
    choices("Scale", SCALES, settings.scale, (scale) => change(grid, { scale })), colours,
    box(grid, "smooth", "Smooth", "Off: the map's own cells"), box(grid, "fade", "Fade", "Weak values let the picture through"),
    el("span", { class: "spring" }),
    menu("Download", "Download everything", [["All maps (ZIP)", () => saveAll(grid)], ["Report (HTML, works offline)", () => saveReport(grid)]]));
}
