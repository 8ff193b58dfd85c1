/* One map: picture, colours, bar, and what must be said of it. */

function stage(tile) {
  const { map, row, picture, grid } = tile;
  tile.canvas = el("canvas", { class: "overlay", "data-map": map.id });
  tile.mark = el("div", { class: "mark" });
  tile.value = el("div", { class: "value", "aria-live": "off" });
  tile.silence = el("div", { class: "silence" });
  const button = el("button", {
    type: "button", class: "stage", "aria-label": `${map.label}, ${map.target}: enlarge`,
    style: `aspect-ratio:${aspect(picture, row.view)}`, onclick: () => enlarge(grid, tile),
    onpointermove: (event) => point(grid, tile, event), onpointerleave: () => unpoint(grid),
  }, cropped(picture, row.view), tile.canvas, tile.mark, tile.value);
  return el("div", { class: "stand" }, button, badge(map), tile.silence);
}

function badge(map) {
  return map.agnostic ? chip("class-agnostic", "The same whichever class is asked") : null;
}

/** When it was computed, where it is read back; the time it took. */
function origin(map) {
  return map.stored ? el("span", { title: `From the store, computed at ${map.stored}` }, `from the store, ${map.stored.slice(11)}`) : duration(map.seconds);
}

function namesOf(map) {
  const also = map.identical.filter((name) => name !== map.label);
  if (!also.length) return el("h4", { title: map.label }, map.label);
  const all = [map.label, ...also].join(" = ");
  return el("h4", { title: `${all}: one map for this head` }, map.label, el("span", { class: "same" }, ` = ${also.join(" = ")}`));
}

function particulars(map) {
  const params = Object.entries(map.params).map(([name, value]) => `${name} ${value}`).join(", ");
  const read = map.taps.length ? `read at ${map.taps.join(", ")}` : "at the input";
  const made = `${duration(map.seconds)} on ${map.device}, ${read}, ${map.shape[1]} × ${map.shape[0]} cells`;
  const rows = [["Reads", map.note.reads], ["Known failure", map.note.fails], ["Differs", map.note.differs],
    ["Same map", map.identical.length > 1 ? `${map.identical.join(" = ")}: one map for this head.` : ""],
    ["Settings", params], ["Made", made], ["Stored", map.stored ? `From the store, computed at ${map.stored}.` : ""],
    ["Paper", map.note.paper]];
  return el("dl", {}, ...rows.filter(([, text]) => text).flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
}

function downloads(tile) {
  const { map } = tile;
  return [
    ["PNG, over the picture", async () => save(await png(tile, true), `${map.file}.overlay.png`)],
    ["PNG, the map alone", async () => save(await png(tile, false), `${map.file}.map.png`)],
    ["NPZ, raw values", async () => save(await npz(map), `${map.file}.npz`)],
  ];
}

function makeTile(grid, row, map) {
  const picture = grid.data.pictures[row.picture];
  const tile = { grid, row, map, picture, image: grid.images.get(row.picture) };
  tile.bar = el("div", { class: "scale" });
  const said = (map.extent ??= extent(map.values))[1] <= 0 ? [] : map.remarks; // over the picture itself, where there is nothing to draw
  const remarks = said.map((text) => el("p", { class: "remark" }, text));
  tile.element = el("article", { class: "tile", "data-method": map.method },
    el("div", { class: "title" }, namesOf(map), el("span", { class: "spring" }), menu("⤓", `Download ${map.label}`, downloads(tile))),
    stage(tile), tile.bar, ...remarks,
    el("p", { class: "reads" }, map.note.reads),
    el("details", { class: "more" }, el("summary", {}, el("span", { class: "lead" }, "Details · "), origin(map)), particulars(map)));
  tile.element.cutaway = { raw: map.values, shape: map.shape, input: map.input, display: () => displayForm(map) };
  return tile;
}

/** A map that says itself how it is to be read, such as a difference, keeps its range and has a scale of its own. */
function settingsOf({ grid, map }) {
  return map.range ? { ...grid.settings, range: map.range, scale: "each" } : grid.settings;
}

/** Paint with the present settings. */
function drawTile(tile) {
  const { grid, map } = tile, settings = settingsOf(tile), palettes = grid.data.palettes;
  const silence = nothingToShow(map, settings);
  tile.empty = Boolean(silence);
  tile.canvas.style.display = silence ? "none" : "";
  tile.canvas.style.opacity = settings.opacity;
  tile.canvas.style.imageRendering = settings.smooth ? "" : "pixelated";
  tile.silence.replaceChildren();
  tile.bar.replaceChildren();
  if (silence) {
    const offered = silence.offer === "negative" ? "Show evidence against" : "Show evidence for";
    const offer = silence.offer
      ? el("button", { type: "button", onclick: () => change(grid, { range: silence.offer }) }, offered) : null;
    tile.silence.append(silence.text, " ", offer ?? "");
    return;
  }
  tile.painted = paint(tile.canvas, map, settings, sharers(grid, tile), palettes);
  const weak = faint(map, settings);
  tile.bar.append(colourBar(tile.painted, settings, palettes), weak ? el("p", { class: "remark" }, weak) : "");
}

/** The maps that share one scale with this one. */
function sharers(grid, tile) {
  const maps = grid.tiles.map((t) => t.map).filter((map) => !map.range);
  return grid.settings.scale === "grid" ? maps : maps.filter((map) => map.method === tile.map.method);
}
