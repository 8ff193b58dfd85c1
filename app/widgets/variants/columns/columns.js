/* Models in columns, the base first: what each says, its map, the difference from the base's, where its features lie. */

const VERDICTS = { right: ["✓", "Right"], wrong: ["✗", "Wrong"] };
const DIFFERENCE = "Each map divided by its largest magnitude, then the base's taken away. Red-brown: this model leans more on that place, of what it leans on; blue: less. Each difference has a scale of its own.";
const GEOMETRY = "Of the features before the head. Angle to the class's direction, their length, and the distance to the nearest boundary of the class: below zero where another class wins.";

function heads(data) {
  return [el("div", { class: "corner-cell" }), ...data.columns.map((c) => el("div", { class: c.base ? "head base" : "head", title: c.full },
    el("b", {}, c.name), el("span", {}, c.base ? ["base", c.facts].filter(Boolean).join(" · ") : c.facts)))];
}

function label(heading, text, title) {
  return el("div", { class: "label" }, el("h4", {}, heading), text ? el("p", { class: "reads", title }, text) : null);
}

function pictureOf(grid, line, rows) {
  const picture = grid.data.pictures[line.picture], box = frame(picture, rows[0]);
  if (Math.max(picture.width, picture.height) <= 128) box.firstChild.className = "pixels";
  return el("div", { class: "label" }, box, el("h3", { title: picture.name }, picture.name),
    line.truth ? el("p", { class: "by" }, `Label: ${line.truth}`) : null, ...picture.remarks.map((text) => el("p", { class: "remark" }, text)));
}

function busy(row) {
  return row.groups[0].waits.length ? el("div", { class: "stand pulse" }, "Computing …") : null;
}

function predictions(grid, row) {
  const [sign, words] = VERDICTS[row.verdict] ?? ["", ""];
  const marks = [sign ? el("span", { class: row.verdict, title: words }, `${sign} ${words.toLowerCase()}`) : null,
    row.moved ? el("span", { class: "moved" }, "not the base's answer") : null].filter(Boolean);
  const trouble = row.error ? el("p", { class: "remark" }, row.error) : null;
  return el("div", { class: row.moved ? "cell said changed" : "cell said" }, bars(grid, row, 1), marks.length ? el("p", { class: "marks" }, ...marks) : null, trouble, row.top.length ? null : busy(row));
}

function mapOf(grid, row, index) {
  const map = row.groups[0].maps[index];
  if (!map) return null;
  const tile = makeTile(grid, row, map);
  grid.tiles.push(tile);
  return tile.element;
}

function own(grid, row) {
  const map = row.groups[0].maps[0], refused = row.refused.map(([, why]) => el("p", { class: "why" }, why));
  return el("div", { class: "cell" }, mapOf(grid, row, 0), map ? el("p", { class: "target-line", title: map.target }, `for ${map.target}`) : null, ...refused, map || refused.length ? null : busy(row));
}

function difference(grid, row, number) {
  if (number === 0) return el("div", { class: "cell" });
  const why = row.why ? el("p", { class: "why" }, row.why) : null;
  return el("div", { class: "cell" }, mapOf(grid, row, 1), row.like ? el("p", { class: "target-line", title: row.like }, row.like) : null, why);
}

function geometryOf(row) {
  const { rows, why, to } = row.geometry;
  if (why) return el("div", { class: "cell" }, el("p", { class: "why" }, why));
  const lines = rows.flatMap(([name, value, change]) => [el("dt", {}, name), el("dd", {}, value, change ? el("span", { class: "by" }, ` (${change})`) : null)]);
  return el("div", { class: "cell" }, el("dl", { class: "numbers" }, ...lines), to ? el("p", { class: "target-line", title: to }, `to ${to}`) : null);
}

function lineOf(grid, line, rows, first) {
  const method = rows.map((row) => row.groups[0].maps[0]).find(Boolean);
  const cells = [
    pictureOf(grid, line, rows), ...rows.map((row) => predictions(grid, row)),
    label(method?.label ?? "Map", first && method ? method.note.reads : "", method?.note.fails), ...rows.map((row) => own(grid, row)),
  ];
  if (rows.length > 1) cells.push(label("Minus the base's", first ? DIFFERENCE : ""), ...rows.map((row, number) => difference(grid, row, number)));
  cells.push(label("Geometry", first ? GEOMETRY : ""), ...rows.map(geometryOf));
  return el("section", { class: "line", "data-picture": line.picture }, ...cells);
}

function build(grid) {
  const { data } = grid, count = data.columns.length;
  grid.tiles = [];
  grid.toolbar = el("div", { class: "toolbar", role: "toolbar", "aria-label": "How the maps are shown" });
  grid.dialog = el("dialog", { class: "large" });
  grid.root.style.setProperty("--count", count);
  const lines = data.lines.map((line, number) => lineOf(grid, line, data.rows.slice(number * count, (number + 1) * count), number === 0));
  grid.root.replaceChildren(grid.toolbar, el("div", { class: "sheet" }, el("div", { class: "heads" }, ...heads(data)), ...lines), grid.dialog);
  drawToolbar(grid);
  grid.tiles.forEach(drawTile);
}

/** Mount under the parent, or bring what is there up to date. The report has a root of the map grid's name. */
function mount({ data, settings, parentElement }) {
  const root = parentElement.querySelector(".columns, .mapgrid");
  root.classList.add("columns", "mapgrid");
  const grid = GRIDS.get(root) ?? { root, images: new Map(), settings: { ...DEFAULTS, ...settings } };
  GRIDS.set(root, grid);
  grid.act = null;
  grid.theme = (name) => getComputedStyle(root).getPropertyValue(name);
  if (grid.stamp === data.stamp) return;
  Object.assign(grid, { stamp: data.stamp, source: data, data: prepare(structuredClone(data)) });
  load(grid);
  build(grid);
}
