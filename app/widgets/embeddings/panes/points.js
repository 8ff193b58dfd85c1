/* What was fetched: places, colours, who is lit; and which point is under a pixel. */

const KEPT = 24; // files of a component: going back to what was just shown fetches nothing
const TRIES = 4;
const CELL = 16; // pixels of the grid that finds the nearest point
const NOWHERE = 65535;

/** A file by its address, fetched once. */
function fetched(view, url) {
  const known = view.files.get(url);
  if (known) {
    view.files.delete(url);
    view.files.set(url, known);
    return known;
  }
  const wanted = fetch(address(url)).then((answer) => {
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    return answer.arrayBuffer();
  });
  view.files.set(url, wanted);
  wanted.catch(() => view.files.delete(url));
  while (view.files.size > KEPT) view.files.delete(view.files.keys().next().value);
  return wanted;
}

/** Fetch what changed; then draw. What came late for other data is left aside. */
async function loadAll(view) {
  const { data } = view, asked = (view.asking = {});
  const wanted = [data.rows, data.colour.codes, data.lit, ...data.panes.map((p) => p.points)];
  tellBusy(view, true);
  let files;
  try {
    files = await Promise.all(wanted.map((url) => (url ? fetched(view, url) : null)));
  } catch {
    if (view.asking === asked) again(view, asked);
    return;
  }
  if (view.asking !== asked) return;
  view.tries = 0;
  if (view.drawer) view.trouble.hidden = true;
  const [rows, codes, lit, ...places] = files;
  view.rows = rows && new Uint32Array(rows);
  view.size = data.size;
  view.colour = data.colour;
  view.codes = codes && (data.colour.wide === 1 ? new Uint8Array(codes) : new Uint16Array(codes));
  view.none = data.colour.wide === 1 ? 255 : NOWHERE;
  view.serverLit = lit && new Uint8Array(lit);
  view.panes.forEach((pane, i) => { pane.places = places[i] && new Uint16Array(places[i]); });
  if (!view.pending || data.answered >= view.pending) {
    view.pending = 0;
    view.lit = view.serverLit;
  }
  if (!view.pending) view.localHidden = null;
  readColours(view);
  view.ready = true;
  arranged(view);
  uploadAll(view);
  drawLegend(view);
  view.picked = slotOf(view, data.sample);
  nameMorph(view);
  tellCounts(view);
  tellBusy(view, view.pending > 0);
  rest(view);
}

const tellBusy = (view, busy) => view.root.setAttribute("aria-busy", String(busy));

/** What the server no longer keeps is published again by a rerun of the page. */
function again(view, asked) {
  view.tries = (view.tries ?? 0) + 1;
  if (view.tries > TRIES) return tellTrouble(view, "The points could not be fetched from the server. Reload the page.");
  view.act("lost", Date.now());
  setTimeout(() => { if (view.asking === asked && view.root.isConnected) loadAll(view); }, 600 * view.tries);
}

/** 2 lit, 1 faded, 0 hidden: as the server says, less what the legend hides meanwhile. */
function litOf(view, slot) {
  if (view.localHidden?.has(view.codes?.[slot])) return 0;
  return view.lit ? view.lit[slot] : 2;
}

/** The order in which points are drawn: the faded first; among equals one that is fair to all classes. */
function arranged(view) {
  const { size } = view;
  if (view.order?.length !== size) {
    const order = (view.order = Uint32Array.from({ length: size }, (_, i) => i));
    for (let i = size - 1, seed = 7; i > 0; i--) {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((seed / 2 ** 32) * (i + 1)), kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
  }
  const index = new Uint32Array(size), lit = new Uint32Array(size);
  let faded = 0, bright = 0;
  for (const slot of view.order) {
    const state = litOf(view, slot);
    if (state === 1) index[faded++] = slot;
    else if (state === 2) lit[bright++] = slot;
  }
  index.set(lit.subarray(0, bright), faded);
  Object.assign(view, { index, faded, bright, litVersion: (view.litVersion ?? 0) + 1 });
}

const sampleAt = (view, slot) => (view.rows ? view.rows[slot] : slot);

/** Where a sample is among those that are drawn; -1 where it is not. */
function slotOf(view, sample) {
  if (sample === null || sample === undefined) return -1;
  if (!view.rows) return sample < view.size ? sample : -1;
  let low = 0, high = view.rows.length - 1;
  while (low <= high) {
    const mid = (low + high) >> 1;
    if (view.rows[mid] === sample) return mid;
    if (view.rows[mid] < sample) low = mid + 1; else high = mid - 1;
  }
  return -1;
}

/** A sample's place in a pane, in data coordinates; null where it has none. */
function pointOf(pane, slot) {
  const { places, spec } = sourceOf(pane);
  if (slot < 0 || !places || places[slot * spec.dims] === NOWHERE) return null;
  return spec.low.map((low, k) => low + (places[slot * spec.dims + k] / 65534) * (spec.high[k] - low));
}

/** All points as the pane shows them now: pixels, and a grid over those in view. Made when first asked for. */
function seen(pane) {
  const { view } = pane, source = sourceOf(pane), { places, spec } = source, { width, height } = pane.box;
  const stamp = `${pane.version}/${view.litVersion}/${pane.source}/${source.spec.points}/${width}x${height}`;
  if (pane.seen?.stamp === stamp) return pane.seen;
  const { size } = view, { dims } = spec, m = matrixOfPlaces(pane, source);
  const xs = pane.seen?.xs.length === size ? pane.seen.xs : new Float32Array(size), ys = pane.seen?.ys.length === size ? pane.seen.ys : new Float32Array(size);
  const across = Math.ceil(width / CELL), down = Math.ceil(height / CELL), start = new Uint32Array(across * down + 1);
  const cells = new Int32Array(size).fill(-1);
  for (let i = 0; i < size; i++) {
    const x = places[i * dims] / 65535, y = places[i * dims + 1] / 65535, z = dims === 3 ? places[i * dims + 2] / 65535 : 0;
    const w = m[3] * x + m[7] * y + m[11] * z + m[15];
    xs[i] = NaN;
    if (places[i * dims] === NOWHERE || !(w > 0) || !litOf(view, i)) continue;
    const px = (xs[i] = (((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) / 2) * width);
    const py = (ys[i] = ((1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) / 2) * height);
    if (px < 0 || py < 0 || px >= width || py >= height) continue;
    cells[i] = Math.floor(py / CELL) * across + Math.floor(px / CELL);
    start[cells[i] + 1] += 1;
  }
  for (let c = 0; c < across * down; c++) start[c + 1] += start[c];
  const items = new Uint32Array(start[across * down]), next = start.slice();
  for (let i = 0; i < size; i++) if (cells[i] >= 0) items[next[cells[i]]++] = i;
  return (pane.seen = { stamp, xs, ys, across, down, start, items });
}

/** The point nearest to a pixel, those that are lit before the others; -1 where none is near. */
function nearest(pane, x, y, reach = 12) {
  if (!sourceOf(pane).places) return -1;
  const { xs, ys, across, down, start, items } = seen(pane);
  let best = -1, least = reach * reach, other = -1, next = reach * reach;
  const column = Math.floor(x / CELL), row = Math.floor(y / CELL);
  for (let r = Math.max(0, row - 1); r <= Math.min(down - 1, row + 1); r++) {
    for (let c = Math.max(0, column - 1); c <= Math.min(across - 1, column + 1); c++) {
      for (let k = start[r * across + c]; k < start[r * across + c + 1]; k++) {
        const i = items[k], away = (xs[i] - x) ** 2 + (ys[i] - y) ** 2;
        if (litOf(pane.view, i) === 2) {
          if (away < least) { least = away; best = i; }
        } else if (away < next) { next = away; other = i; }
      }
    }
  }
  return best >= 0 ? best : other;
}
