/* One map, large: Esc closes, the arrow keys go to the next map. */

function largeSide(tile) {
  const remarks = tile.map.remarks.map((text) => el("p", { class: "remark" }, text));
  const buttons = downloads(tile).map(([text, act]) => el("button", { type: "button", onclick: act }, text));
  const what = `${tile.map.target} · ${tile.row.classifier} · ${tile.picture.name}`;
  return el("div", { class: "side" }, namesOf(tile.map), el("p", { class: "by" }, what), tile.bar, ...remarks, particulars(tile.map), el("div", { class: "buttons" }, ...buttons));
}

function showLarge(grid, index) {
  const source = grid.tiles[index], tile = { ...source, grid };
  tile.bar = el("div", { class: "scale" });
  const stand = stage(tile), shape = aspect(tile.picture, tile.row.view);
  stand.firstChild.onclick = null;
  stand.firstChild.removeAttribute("aria-label");
  stand.style.width = `min(100%, calc(82vh * ${shape}))`;
  grid.large = tile;
  grid.dialog.replaceChildren(el("form", { method: "dialog" },
    el("button", { class: "close", "aria-label": "Close", title: "Close (Esc)", autofocus: true }, "✕")), stand, largeSide(tile));
  grid.dialog.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) showLarge(grid, (index + step + grid.tiles.length) % grid.tiles.length);
  };
  drawTile(tile);
  grid.dialog.querySelector(".close").focus();
}

function enlarge(grid, tile) {
  grid.dialog.onclose = () => { grid.large = null; grid.dialog.replaceChildren(); };
  grid.dialog.onclick = (event) => { if (event.target === grid.dialog) grid.dialog.close(); };
  grid.dialog.showModal();
  showLarge(grid, grid.tiles.indexOf(tile));
}
