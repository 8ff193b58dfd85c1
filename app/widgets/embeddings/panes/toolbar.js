/* Modes, the way back, moving from one picture to the next, pictures on or off; a pane's PNG. */

const MORPH_MS = 1200;
const HINTS = {
  move: "Drag to move, or to turn what is solid; wheel for closer; double click for all",
  lasso: "Drag around points to select them; Shift adds, Alt removes; the right button moves",
  box: "Drag a box around points to select them; Shift adds, Alt removes; the right button moves",
};
const NAMES = { move: "Move", lasso: "Lasso", box: "Box" };

function makeToolbar(view) {
  view.modes = Object.keys(NAMES).map((mode) => el("button", { type: "button", title: HINTS[mode], onclick: () => setMode(view, mode) }, icon(mode), NAMES[mode]));
  const group = el("div", { class: "modes", role: "group", "aria-label": "What dragging does" }, ...view.modes);
  const reset = el("button", { type: "button", title: "See all points again, in all panes", onclick: () => view.panes.forEach(resetCamera) }, icon("reset"), "Reset");
  view.morphing = el("button", { type: "button", onclick: () => morph(view) }, icon("morph"), el("span", {}, "Morph"));
  view.showingBox = el("input", { type: "checkbox", checked: true, onchange: (event) => { view.showing = event.target.checked; view.panes.forEach((pane) => wantThumbs(pane)); } });
  view.pictureLabel = el("label", { title: "Thumbnails in place of points, where at most 200 are in view" }, view.showingBox, "Thumbnails");
  view.counts = el("span", { class: "counts", role: "status" });
  return el("div", { class: "bar" }, group, reset, view.morphing, view.pictureLabel, view.counts);
}

function setMode(view, mode) {
  view.mode = mode;
  view.modes.forEach((button, i) => button.setAttribute("aria-pressed", Object.keys(NAMES)[i] === mode ? "true" : "false"));
  view.root.dataset.mode = mode;
}

/** The first pane's points go to where the next pane has them, and from the last one home. */
function morph(view) {
  const [first] = view.panes, there = view.panes.filter((pane) => pane.places);
  if (!first || first.morph || there.length < 2 || !first.places) return;
  const to = there[(there.indexOf(sourceOf(first)) + 1) % there.length].index, begun = performance.now();
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches, last = calm ? 0 : MORPH_MS;
  hover(view, first, -1);
  first.morph = { to, t: 0 };
  const step = (now) => {
    if (!first.morph || !first.body.isConnected) return;
    const share = last ? Math.min(1, (now - begun) / last) : 1;
    first.morph.t = share < 0.5 ? 4 * share ** 3 : 1 - (2 - 2 * share) ** 3 / 2;
    schedule(view, first);
    if (share < 1) return requestAnimationFrame(step);
    Object.assign(first, { morph: null, source: to, version: first.version + 1 });
    nameMorph(view);
    rest(view);
  };
  requestAnimationFrame(step);
}

function nameMorph(view) {
  const [first] = view.panes, there = view.panes.filter((pane) => pane.places);
  view.morphing.hidden = there.length < 2 || !first.places;
  if (view.morphing.hidden) return;
  const next = there[(there.indexOf(sourceOf(first)) + 1) % there.length], home = next === first;
  view.morphing.lastChild.textContent = home ? "Morph back" : "Morph";
  view.morphing.title = home ? "Pane 1's points go back to their own places" : `Pane 1's points go to where pane ${next.index + 1} has them`;
  first.guest.textContent = sourceOf(first) === first ? "" : `shows pane ${first.source + 1}'s places`;
}

/** How many points there are and how many are lit, in words too for those who do not see them. */
function tellCounts(view) {
  const { size, data } = view, shown = view.faded + view.bright;
  const some = data.samples > size ? `${count(size)} of ${count(data.samples)} drawn` : `${count(shown)} points`;
  view.counts.textContent = view.faded ? `${some}, ${count(view.bright)} selected` : some;
  const panes = data.panes.map((pane, i) => `Pane ${i + 1}: ${pane.title}${pane.subtitle ? `, ${pane.subtitle}` : ""}${pane.points ? `, ${pane.dims} dimensions` : `, ${pane.why || "empty"}`}`);
  const colour = view.colour?.title ? `Coloured by ${view.colour.title}.` : "";
  view.glass.setAttribute("aria-label", `${panes.join(". ")}. ${view.counts.textContent}. ${colour}`);
}

/** A pane as it is, at least twice as fine as on the screen, below its heading, as a file. */
function download(pane) {
  const { view } = pane, head = 34, sheet = document.createElement("canvas");
  layOut(view, 2);
  const { box } = pane, { scale, theme } = view;
  sheet.width = Math.round(box.width * scale);
  sheet.height = Math.round((box.height + head) * scale);
  const pen = sheet.getContext("2d");
  pen.fillStyle = css(theme.paper);
  pen.fillRect(0, 0, sheet.width, sheet.height);
  for (const layer of [view.under, view.glass, view.over]) {
    pen.drawImage(layer, box.left * scale, box.top * scale, box.width * scale, box.height * scale, 0, head * scale, box.width * scale, box.height * scale);
  }
  pen.scale(scale, scale);
  pen.textBaseline = "top";
  pen.fillStyle = css(theme.ink);
  pen.font = `600 13px ${theme.font}`;
  pen.fillText(fitting(pen, sourceOf(pane).spec.title, box.width - 16), 8, 4);
  pen.font = `11px ${theme.font}`;
  pen.fillText(fitting(pen, sourceOf(pane).spec.subtitle, box.width - 16), 8, 20);
  layOut(view);
  sheet.toBlob((blob) => {
    const link = el("a", { href: URL.createObjectURL(blob), download: `${sourceOf(pane).spec.title.replace(/[^\w.-]+/g, "-").slice(0, 60) || "pane"}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}
