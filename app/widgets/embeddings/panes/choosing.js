/* A lasso or a box: its points light up at once, about; the server answers with exactly which. */

const WAIT_MS = 20_000;
const MOST_CORNERS = 600;

function chooseBy(pane, outline, mode) {
  const { view } = pane, source = sourceOf(pane), step = Math.ceil(outline.length / MOST_CORNERS);
  const corners = outline.filter((_, i) => i % step === 0), solid = source.spec.dims === 3, m = matrixOf(pane);
  const polygon = corners.map(([x, y]) => (solid ? inClip(pane, x, y) : inData(pane, x, y, m)));
  const turn = asksServer(view);
  lightUp(pane, corners, mode);
  const event = { pane: pane.source, mode, polygon, turn };
  if (solid) event.matrix = [m.slice(0, 4), m.slice(4, 8), m.slice(8, 12), m.slice(12)];
  view.act("chosen", event);
}

/** The number of a question; until it is answered, what the browser guesses stands. */
function asksServer(view) {
  const turn = (view.pending = view.turn = Math.max(Date.now(), (view.turn ?? 0) + 1));
  tellBusy(view, true);
  clearTimeout(view.waiting);
  view.waiting = setTimeout(() => { if (view.pending === turn) giveUp(view); }, WAIT_MS);
  return turn;
}

/** The server said nothing: what it said last is shown again. */
function giveUp(view) {
  view.pending = 0;
  view.lit = view.serverLit;
  view.localHidden = null;
  markHidden(view);
  arranged(view);
  uploadIndex(view);
  tellCounts(view);
  tellBusy(view, false);
}

function lightUp(pane, corners, mode) {
  const { view } = pane, { width, height } = pane.box, { xs, ys } = seen(pane);
  const sheet = new OffscreenCanvas(Math.ceil(width), Math.ceil(height)), pen = sheet.getContext("2d", { willReadFrequently: true });
  pen.beginPath();
  for (const [x, y] of corners) pen.lineTo(x, y);
  pen.closePath();
  pen.fill("evenodd");
  const ink = pen.getImageData(0, 0, sheet.width, sheet.height).data, lit = new Uint8Array(view.size);
  const all = mode !== "replace" && view.faded === 0;
  let found = 0;
  for (let i = 0; i < view.size; i++) {
    const state = litOf(view, i), x = Math.floor(xs[i]), y = Math.floor(ys[i]);
    const within = state && x >= 0 && y >= 0 && x < sheet.width && y < sheet.height && ink[(y * sheet.width + x) * 4 + 3] > 127;
    found += within ? 1 : 0;
    if (!state) lit[i] = 0;
    else if (mode === "remove") lit[i] = within ? 1 : state;
    else lit[i] = within ? 2 : mode === "add" && !all ? state : 1;
  }
  if (!found) return;
  view.lit = lit;
  arranged(view);
  uploadIndex(view);
  tellCounts(view);
}
