/* The grid: one row per picture and classifier, one tile per map. */

function waiting(label) {
  return el("article", { class: "tile waiting" }, el("div", { class: "title" }, el("h4", {}, label)), el("div", { class: "stand pulse" }, "Computing …"));
}

function group(grid, row, { title, maps, waits }) {
  const tiles = maps.map((map) => makeTile(grid, row, map));
  grid.tiles.push(...tiles);
  const heading = title ? [el("h4", { class: "target" }, title)] : [];
  return [...heading, el("div", { class: "tiles" }, ...tiles.map((t) => t.element), ...waits.map(waiting))];
}

function rowOf(grid, row) {
  const refused = row.refused.length ? [el("details", { class: "refused" },
    el("summary", {}, `${row.refused.length} could not serve this network`),
    el("dl", {}, ...row.refused.flatMap(([name, why]) => [el("dt", {}, name), el("dd", {}, why)])))] : [];
  const trouble = row.error ? [el("p", { class: "remark" }, row.error)] : [];
  return el("section", { class: "row", "data-picture": row.picture }, subject(grid, row),
    el("div", { class: "groups" }, ...trouble, ...row.groups.flatMap((g) => group(grid, row, g)), ...refused));
}

function build(grid) {
  grid.tiles = [];
  grid.toolbar = el("div", { class: "toolbar", role: "toolbar", "aria-label": "How the maps are shown" });
  grid.dialog = el("dialog", { class: "large" });
  const rows = grid.data.rows.map((row) => rowOf(grid, row));
  const compared = rows.length > 1 || grid.data.rows.some((row) => row.groups.length > 1);
  const layout = compared ? "rows many" : "rows single";
  grid.root.style.setProperty("--columns", Math.max(1, ...grid.data.rows.flatMap((r) => r.groups.map((g) => g.maps.length + g.waits.length))));
  grid.root.replaceChildren(grid.toolbar, el("div", { class: layout }, ...rows), grid.dialog);
  drawToolbar(grid);
  grid.tiles.forEach(drawTile);
}

/** Mount into `.mapgrid` under the parent, or bring the grid there up to date. */
function mount({ data, settings, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".mapgrid");
  const grid = GRIDS.get(root) ?? { root, images: new Map(), settings: { ...DEFAULTS, ...settings } };
  GRIDS.set(root, grid);
  grid.act = setTriggerValue ?? null;
  grid.theme = (name) => getComputedStyle(root).getPropertyValue(name);
  if (grid.stamp === data.stamp) return;
  Object.assign(grid, { stamp: data.stamp, source: data, data: prepare(structuredClone(data)) });
  load(grid);
  build(grid);
}
