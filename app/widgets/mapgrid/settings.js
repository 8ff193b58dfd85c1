/* What a grid of maps remembers: how its maps are shown, its data, its pictures. Settings survive new data. */

const THEME_VARIABLES = ["--st-background-color", "--st-secondary-background-color", "--st-text-color", "--st-primary-color",
  "--st-border-color", "--st-base-radius", "--st-orange-text-color", "--st-orange-background-color", "--st-font"];
const DEFAULTS = { opacity: 0.55, range: "positive", scale: "each", sequential: "inferno", diverging: "blue-red", smooth: true, fade: false, low: -1, high: 1 };
const GRIDS = new WeakMap();

/** Draw again with changed settings. Opacity alone needs no painting. */
function change(grid, changes, repaint = true) {
  if (changes.range === "custom" && grid.settings.range !== "custom" && grid.tiles.length) {
    const ends = grid.tiles.filter((t) => !t.map.range).map((t) => rawExtent(t.map, "signed"));
    if (ends.length) Object.assign(grid.settings, { low: Math.min(...ends.map((e) => e[0])), high: Math.max(...ends.map((e) => e[1])) });
  }
  Object.assign(grid.settings, changes);
  if (repaint) drawToolbar(grid);
  for (const tile of [...grid.tiles, grid.large].filter(Boolean)) {
    if (repaint) drawTile(tile); else tile.canvas.style.opacity = grid.settings.opacity;
  }
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
