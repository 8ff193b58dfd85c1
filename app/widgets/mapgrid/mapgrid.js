/* The grid: one row per picture and classifier, one tile per map; settings survive new data. */

const THEME_VARIABLES = ["--st-background-color", "--st-secondary-background-color", "--st-text-color", "--st-primary-color",
  "--st-border-color", "--st-base-radius", "--st-orange-text-color", "--st-orange-background-color", "--st-font"];
const DEFAULTS = { opacity: 0.55, range: "positive", scale: "each", sequential: "inferno", diverging: "blue-red", smooth: true, fade: false, low: -1, high: 1 };
const GRIDS = new WeakMap();

/** Draw again with changed settings. Opacity alone needs no painting. */
function change(grid, changes, repaint = true) {
  if (changes.range === "custom" && grid.settings.range !== "custom" && grid.tiles.length) {
    const ends = grid.tiles.map((t) => rawExtent(t.map, "signed"));
    Object.assign(grid.settings, { low: Math.min(...ends.map((e) => e[0])), high: Math.max(...ends.map((e) => e[1])) });
  }
  Object.assign(grid.settings, changes);
  if (repaint) drawToolbar(grid);
  for (const tile of [...grid.tiles, grid.large].filter(Boolean)) {
    if (repaint) drawTile(tile); else tile.canvas.style.opacity = grid.settings.opacity;
  }
}

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

function prepare(data) {
  for (const row of data.rows) for (const g of row.groups) {
    g.maps = g.maps.map((map) => ({ ...map, values: decodeRaw(map.raw), input: row.input }));
  }
  return data;
}

async function load(grid) {
  const wanted = Object.entries(grid.data.pictures).filter(([digest]) => !grid.images.has(digest));
  await Promise.all(wanted.map(async ([digest, picture]) => {
    const image = new Image();
    image.src = picture.src;
    grid.images.set(digest, image);
    await image.decode().catch(() => {});
  }));
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
