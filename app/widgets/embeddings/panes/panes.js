/* The panes of the Embeddings page. State stays on the element: a rerun brings data, and only what changed is done. */

const VIEWS = new WeakMap();
const HEAVY_MS = 42; // a frame that takes longer makes the next ones lighter

function build(root) {
  const view = { root, panes: [], files: new Map(), pictures: new Map(), thumbs: new Map(), words: new Map(), entries: [] };
  Object.assign(view, { hovered: -1, picked: -1, size: 0, faded: 0, bright: 0, part: 1, showing: true, pending: 0, scale: 1, dirty: new Set(), lines: new Set() });
  view.under = el("canvas", { "aria-hidden": "true" });
  view.glass = el("canvas", { role: "img", class: "glass" });
  view.over = el("canvas", { "aria-hidden": "true" });
  view.tip = el("div", { class: "tip", role: "tooltip", hidden: true });
  view.grid = el("div", { class: "grid" });
  view.trouble = el("div", { class: "trouble", role: "alert", hidden: true });
  view.stage = el("div", { class: "stage" }, view.grid, view.under, view.glass, view.over, view.tip, view.trouble);
  view.legend = el("div", { class: "legend" });
  root.replaceChildren(makeToolbar(view), el("div", { class: "middle" }, view.stage, view.legend));
  view.glass.addEventListener("webglcontextlost", (event) => { event.preventDefault(); view.drawer = null; });
  view.glass.addEventListener("webglcontextrestored", () => begin(view));
  view.watch = new ResizeObserver(() => layOut(view));
  view.watch.observe(view.stage);
  root.addEventListener("transitionend", (event) => { if (event.target === root) schedule(view); }); // the theme changed
  begin(view);
  return view;
}

function begin(view) {
  view.drawer = makeDrawer(view);
  if (!view.drawer) return tellTrouble(view, "This browser does not offer WebGL2, which the points are drawn with. Switch on hardware acceleration, or use another browser. Tables, galleries and downloads on this page work without it.");
  view.trouble.hidden = true;
  uploadAll(view);
}

function tellTrouble(view, text) {
  view.trouble.hidden = false;
  view.trouble.textContent = text;
}

function makePane(view, index) {
  const pane = { view, index, source: index, flat: flatCamera(), solid: solidCamera(), version: 0, box: { left: 0, top: 0, width: 0, height: 0 } };
  pane.title = el("b", {});
  pane.subtitle = el("span", { class: "subtitle" });
  pane.guest = el("span", { class: "guest" });
  const save = el("button", { type: "button", title: "Save this pane as PNG", "aria-label": "Save this pane as PNG", onclick: () => download(pane) }, icon("save"));
  pane.head = el("header", {}, pane.title, pane.subtitle, pane.guest, save);
  pane.said = el("p", {});
  pane.progress = el("progress", { max: 1, hidden: true });
  pane.why = el("div", { class: "why" }, pane.said, pane.progress);
  pane.body = el("div", { class: "body", tabindex: "0", role: "group" }, pane.why);
  pane.root = el("section", { class: "pane" }, pane.head, pane.body);
  listen(pane);
  return pane;
}

function tellPane(pane) {
  const { spec, index } = pane;
  pane.title.textContent = spec.title;
  pane.subtitle.textContent = spec.subtitle;
  pane.title.title = pane.subtitle.title = `${spec.title}\n${spec.subtitle}`;
  pane.why.hidden = Boolean(spec.points);
  pane.said.textContent = spec.why || "Nothing here yet.";
  pane.progress.hidden = spec.progress === null || spec.progress === undefined;
  if (!pane.progress.hidden) pane.progress.value = spec.progress;
  pane.head.querySelector("button").hidden = !spec.points;
  pane.body.setAttribute("aria-label", `Pane ${index + 1}: ${spec.title}. Arrows move${spec.dims === 3 ? " or turn" : ""}, plus and minus zoom, 0 shows all, Enter selects what is in view, with Shift adds it, with Alt removes it.`);
}

/** Where the panes lie on the canvases, after the page has laid them out. */
function layOut(view, finest = 1) {
  const { stage, panes } = view, width = stage.clientWidth, height = stage.clientHeight;
  if (!width || !height) return;
  const columns = panes.length <= 2 ? panes.length : panes.length === 3 && width >= 900 ? 3 : 2;
  view.grid.style.gridTemplateColumns = `repeat(${width < 460 ? 1 : columns}, minmax(0, 1fr))`;
  view.scale = Math.max(finest, Math.min(2, window.devicePixelRatio || 1));
  for (const layer of [view.under, view.glass, view.over]) {
    const wide = Math.round(width * view.scale), high = Math.round(height * view.scale);
    if (layer.width !== wide || layer.height !== high) Object.assign(layer, { width: wide, height: high });
    Object.assign(layer.style, { width: `${width}px`, height: `${height}px` });
  }
  const from = stage.getBoundingClientRect();
  for (const pane of panes) {
    const box = pane.body.getBoundingClientRect();
    pane.box = { left: box.left - from.left, top: box.top - from.top, width: box.width, height: box.height };
    pane.version += 1;
  }
  wipe(view);
  paintNow(view, panes);
  rest(view);
}

/** Nothing stays of panes that were elsewhere: each draws in its own part alone. */
function wipe(view) {
  for (const layer of [view.under, view.over]) layer.getContext("2d").clearRect(0, 0, layer.width, layer.height);
  const gl = view.drawer?.gl;
  if (!gl || gl.isContextLost()) return;
  gl.disable(gl.SCISSOR_TEST);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
}

/** Draw before the next frame: a pane, or all; only what lies above the points, where those stay as they are. */
function schedule(view, pane = null, above = false) {
  for (const one of pane ? [pane] : view.panes) (above ? view.lines : view.dirty).add(one);
  if (view.frame) return;
  view.frame = requestAnimationFrame((now) => {
    view.frame = 0;
    measure(view, now);
    paintNow(view, view.dirty);
  });
}

/** Frames that come late while the picture moves are drawn with fewer points. */
function measure(view, now) {
  const took = now - (view.moving && view.last ? view.last : now);
  view.last = view.moving ? now : 0;
  if (took > HEAVY_MS) view.part = Math.max(0.04, view.part * Math.max(0.35, HEAVY_MS / took));
  else if (took && took < HEAVY_MS / 2) view.part = Math.min(1, view.part * 1.04);
}

function paintNow(view, dirty = view.panes) {
  if (!view.stage.clientWidth || !view.data) return;
  readTheme(view);
  const wanted = [...dirty], lines = [...view.lines].filter((pane) => !wanted.includes(pane));
  view.dirty.clear();
  view.lines.clear();
  for (const pane of wanted) {
    if (!pane.box.width || !pane.spec) continue;
    paintUnder(pane);
    if (view.drawer && !view.drawer.gl.isContextLost()) drawPoints(pane);
    paintOver(pane);
  }
  for (const pane of lines) if (pane.box.width) paintOver(pane);
}

function dispose(view) {
  view.watch.disconnect();
  view.drawer?.gl.getExtension("WEBGL_lose_context")?.loseContext();
  view.drawer = null;
  VIEWS.delete(view.root);
}

function update(view, data) {
  const before = view.data;
  view.data = data;
  view.root.style.height = `${data.height}px`;
  while (view.panes.length > data.panes.length) view.panes.pop().root.remove();
  while (view.panes.length < data.panes.length) {
    const pane = makePane(view, view.panes.length);
    view.panes.push(pane);
    view.grid.append(pane.root);
  }
  view.panes.forEach((pane, i) => {
    const spec = data.panes[i], other = pane.spec && (pane.spec.dims !== spec.dims || pane.spec.title !== spec.title);
    pane.spec = spec;
    if (!spec.points) pane.places = null;
    pane.version += 1;
    if (other) Object.assign(pane, { flat: flatCamera(), solid: solidCamera() });
    if (pane.source !== i && !data.panes[pane.source]?.points) pane.source = i;
    tellPane(pane);
  });
  if (before && before.context !== data.context) { view.words.clear(); view.thumbs.clear(); }
  if (!view.mode) setMode(view, data.panes.every((pane) => pane.dims === 3) ? "move" : "lasso");
  view.pictureLabel.hidden = !data.context;
  view.root.dataset.count = data.panes.length;
  frames(view);
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".panes"), view = VIEWS.get(root) ?? build(root);
  VIEWS.set(root, view);
  view.act = setTriggerValue;
  update(view, data);
  layOut(view);
  loadAll(view);
  return () => setTimeout(() => { if (!root.isConnected) dispose(view); }, 1000);
}
