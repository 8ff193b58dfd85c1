/* The value under the cursor, and the same place in every other map of that picture. */

function cellAt(map, x, y) {
  const [h, w] = map.shape;
  return [Math.min(Math.floor(y * h), h - 1), Math.min(Math.floor(x * w), w - 1)];
}

function lit(tile, x, y, exact) {
  const { map } = tile, [h, w] = map.shape;
  const inside = x >= 0 && x < 1 && y >= 0 && y < 1;
  tile.mark.style.display = tile.value.style.display = inside ? "block" : "none";
  if (!inside) return;
  const [row, column] = cellAt(map, x, y), value = map.values[row * w + column];
  Object.assign(tile.mark.style, {
    left: `${(100 * column) / w}%`, top: `${(100 * row) / h}%`, width: `${100 / w}%`, height: `${100 / h}%`,
  });
  tile.value.textContent = exact ? `${figures(value)} · row ${row}, column ${column}` : figures(value);
  tile.value.dataset.value = value;
  tile.value.dataset.cell = `${row},${column}`;
}

/** Light the cell under the pointer here and the same place of the picture in its other maps. */
function point(grid, tile, event) {
  const box = event.currentTarget.getBoundingClientRect();
  pointAt(grid, tile, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
}

function pointAt(grid, tile, x, y) {
  const [left, top, right, bottom] = tile.row.view;
  const across = left + x * (right - left), down = top + y * (bottom - top);
  for (const other of [...grid.tiles, grid.large].filter(Boolean)) {
    if (other.row.picture !== tile.row.picture) continue;
    const [l, t, r, b] = other.row.view;
    lit(other, (across - l) / (r - l), (down - t) / (b - t), other.map === tile.map);
  }
}

function unpoint(grid) {
  for (const tile of [...grid.tiles, grid.large].filter(Boolean)) tile.mark.style.display = tile.value.style.display = "none";
}
