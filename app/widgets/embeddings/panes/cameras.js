/* From data to the screen and back. A pane normalises its own bounds; its two cameras, flat and solid, are kept apart. */

const DISTANCE = 4; // of the eye from the middle of the solid picture, in half widths
const NEAR = 2.1, FAR = 5.9;
const FLAT = 0.91, SOLID = 0.66; // of the room that the longest side takes
const ZOOMS = [0.4, 500];

const flatCamera = () => ({ x: 0, y: 0, zoom: 1 });
const solidCamera = () => ({ yaw: 0.6, pitch: 0.42, x: 0, y: 0, zoom: 1 });

const cameraOf = (pane, source = sourceOf(pane)) => (source.spec.dims === 3 ? pane.solid : pane.flat);
const sourceOf = (pane) => pane.view.panes[pane.source] ?? pane;

/** The middle of the bounds and half of the longest side: the same for all panes that share a camera and are alike. */
function frames(view) {
  const own = view.panes.map(({ spec }) => (spec.points ? frame(spec.low, spec.high) : null));
  view.panes.forEach((pane, i) => {
    pane.frame = own[i];
    if (!own[i] || !view.data.shared) return;
    const alike = view.panes.filter((other, j) => own[j] && other.spec.dims === pane.spec.dims);
    const halves = alike.map((other) => own[view.panes.indexOf(other)].half);
    if (Math.max(...halves) > 2.5 * Math.min(...halves)) return;
    const low = pane.spec.low.map((_, k) => Math.min(...alike.map((other) => other.spec.low[k])));
    pane.frame = frame(low, pane.spec.high.map((_, k) => Math.max(...alike.map((other) => other.spec.high[k]))));
  });
}

function frame(low, high) {
  const halves = low.map((v, k) => (high[k] - v) / 2), half = Math.max(...halves);
  return { mid: low.map((v, k) => (v + high[k]) / 2), half, parts: halves.map((v) => Math.max(v / half, 1e-3)) };
}

/** 4 x 4, row by row, from data to clip coordinates: x to the right, y up, both -1 .. 1. */
function matrixOf(pane, source = sourceOf(pane)) {
  const { width, height } = pane.box, { mid, half } = source.frame, camera = cameraOf(pane, source);
  const solid = source.spec.dims === 3, reach = reachOf(pane, source) * camera.zoom;
  const across = reach / (width / 2), up = reach / (height / 2);
  if (!solid) {
    const sx = across / half, sy = up / half;
    return [sx, 0, 0, -mid[0] * sx - camera.x * across, 0, sy, 0, -mid[1] * sy - camera.y * up, 0, 0, 0, 0, 0, 0, 0, 1];
  }
  const cy = Math.cos(camera.yaw), sy = Math.sin(camera.yaw), cp = Math.cos(camera.pitch), sp = Math.sin(camera.pitch);
  const turned = [[cy, 0, sy], [sp * sy, cp, -sp * cy], [-cp * sy, sp, cp * cy]].map((row) => {
    const scaled = row.map((v) => v / half);
    return [...scaled, -scaled.reduce((sum, v, k) => sum + v * mid[k], 0)];
  });
  const w = turned[2].map((v, k) => (k === 3 ? DISTANCE : 0) - v);
  const row = (axis, scale, shift) => turned[axis].map((v, k) => v * scale * DISTANCE - shift * scale * w[k]);
  const slope = (FAR + NEAR) / (FAR - NEAR), depth = w.map((v, k) => slope * v - (k === 3 ? (2 * FAR * NEAR) / (FAR - NEAR) : 0));
  return [...row(0, across, camera.x), ...row(1, up, camera.y), ...depth, ...w];
}

/** The same from places 0 .. 1 of 65,535, column by column, for the graphics card. */
function matrixOfPlaces(pane, source) {
  const m = matrixOf(pane, source), { low, high, dims } = source.spec, found = new Float32Array(16);
  for (let row = 0; row < 4; row++) {
    let rest = m[row * 4 + 3];
    for (let k = 0; k < 3; k++) {
      const span = k < dims ? high[k] - low[k] : 0;
      found[k * 4 + row] = (m[row * 4 + k] * span * 65535) / 65534;
      rest += k < dims ? m[row * 4 + k] * low[k] : 0;
    }
    found[12 + row] = rest;
  }
  return found;
}

/** A point in data coordinates on the pane, in pixels from its top left corner; null where it is behind the eye. */
function onPane(pane, point, m = matrixOf(pane)) {
  const [x, y, z = 0] = point, w = m[12] * x + m[13] * y + m[14] * z + m[15];
  if (!(w > 0)) return null;
  const right = (m[0] * x + m[1] * y + m[2] * z + m[3]) / w, up = (m[4] * x + m[5] * y + m[6] * z + m[7]) / w;
  return [((right + 1) / 2) * pane.box.width, ((1 - up) / 2) * pane.box.height];
}

/** A pixel of a flat pane in data coordinates. */
function inData(pane, x, y, m = matrixOf(pane)) {
  const [right, up] = inClip(pane, x, y);
  return [(right - m[3]) / m[0], (up - m[7]) / m[5]];
}

const inClip = (pane, x, y) => [(2 * x) / pane.box.width - 1, 1 - (2 * y) / pane.box.height];

/** All cameras that move with this pane's. */
function moved(pane, change) {
  const solid = sourceOf(pane).spec.dims === 3, { view } = pane;
  for (const one of view.data.shared ? view.panes : [pane]) {
    if (one !== pane && (sourceOf(one).spec.dims === 3) !== solid) continue;
    change(solid ? one.solid : one.flat, one);
    one.version += 1;
    schedule(view, one);
  }
  rest(view);
}

/** Pixels of half of the longest side, seen from the start: one scale for all axes, so that distances can be compared. */
function reachOf(pane, source = sourceOf(pane)) {
  const { width, height } = pane.box, { parts } = source.frame;
  if (source.spec.dims === 3) return (SOLID * Math.min(width, height)) / 2;
  return (FLAT * Math.min(width / parts[0], height / parts[1])) / 2;
}

function pan(pane, dx, dy) {
  const reach = reachOf(pane);
  moved(pane, (camera) => {
    camera.x -= dx / (reach * camera.zoom);
    camera.y += dy / (reach * camera.zoom);
  });
}

function turn(pane, dx, dy) {
  moved(pane, (camera) => {
    camera.yaw += dx * 0.008;
    camera.pitch = Math.max(-1.55, Math.min(1.55, camera.pitch + dy * 0.008));
  });
}

/** Closer by a factor; what is under the pixel (x, y) stays there. */
function zoom(pane, factor, x = pane.box.width / 2, y = pane.box.height / 2) {
  const reach = reachOf(pane), dx = (x - pane.box.width / 2) / reach, dy = (pane.box.height / 2 - y) / reach;
  moved(pane, (camera) => {
    const before = camera.zoom;
    camera.zoom = Math.max(ZOOMS[0], Math.min(ZOOMS[1], before * factor));
    camera.x += dx / before - dx / camera.zoom;
    camera.y += dy / before - dy / camera.zoom;
  });
}

function resetCamera(pane) {
  moved(pane, (camera) => Object.assign(camera, "yaw" in camera ? solidCamera() : flatCamera()));
}
