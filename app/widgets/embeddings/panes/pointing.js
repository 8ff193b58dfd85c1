/* Pointers and keys on a pane. Wheel: closer. Drag: what the mode says; with the right button: always move or turn. */

const STILL = 4; // pixels: less is a click
const SPACED = 2.5; // pixels between a lasso's corners

function listen(pane) {
  const { body, view } = pane, held = new Map();
  let act = null;
  const at = (event) => {
    const box = body.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  body.onpointerdown = (event) => {
    if (!sourceOf(pane).places || pane.morph || event.button === 1) return;
    const [x, y] = at(event);
    held.set(event.pointerId, [x, y]);
    view.busy = true;
    body.setPointerCapture(event.pointerId);
    hover(view, pane, -1);
    const mode = event.button === 2 || view.space ? "move" : view.mode;
    act = held.size > 1 ? { mode: "pinch" } : { mode, x, y, from: [x, y], way: 0, event, turns: sourceOf(pane).spec.dims === 3 && (event.button !== 2 || view.mode !== "move") && !event.shiftKey };
  };
  body.onpointermove = (event) => {
    const [x, y] = at(event);
    if (!act) return point(pane, x, y);
    if (act.mode === "pinch") return pinch(pane, held, event.pointerId, [x, y]);
    if (!held.has(event.pointerId)) return;
    const dx = x - act.x, dy = y - act.y;
    act.way += Math.hypot(dx, dy);
    if (act.way < STILL) return;
    if (act.mode === "move") {
      view.moving = true;
      (act.turns ? turn : pan)(pane, dx, dy);
      Object.assign(act, { x, y });
    } else if (act.mode === "box") {
      pane.outline = [act.from, [x, act.from[1]], [x, y], [act.from[0], y]];
    } else if (Math.hypot(dx, dy) >= SPACED) {
      (pane.outline ??= [act.from]).push([x, y]);
      Object.assign(act, { x, y });
    }
    schedule(view, pane, act.mode !== "move");
  };
  const end = (event, done) => {
    held.delete(event.pointerId);
    const { outline } = pane, ended = act;
    pane.outline = null;
    if (held.size) return;
    act = null;
    view.busy = view.moving = false;
    rest(view);
    schedule(view, ended?.mode === "move" && view.data.shared ? null : pane);
    if (!done || !ended || ended.mode === "pinch") return;
    if (ended.way < STILL) { if (ended.event.button === 0) pick(pane, ...at(event)); }
    else if (outline?.length > 2) chooseBy(pane, outline, modeOf(event));
  };
  body.onpointerup = (event) => end(event, true);
  body.onpointercancel = (event) => end(event, false);
  body.onpointerleave = () => hover(view, pane, -1);
  body.oncontextmenu = (event) => event.preventDefault();
  body.ondblclick = () => resetCamera(pane);
  body.addEventListener("wheel", (event) => {
    if (!sourceOf(pane).places || event.ctrlKey && !event.deltaY) return;
    event.preventDefault();
    hover(view, pane, -1);
    view.moving = true;
    const lines = event.deltaMode === 1 ? 16 : 1;
    zoom(pane, Math.exp(-Math.max(-300, Math.min(300, event.deltaY * lines)) * 0.0022), ...at(event));
  }, { passive: false });
  body.onkeydown = (event) => {
    if (event.key === "Escape" && act) { act = null; view.busy = false; held.clear(); pane.outline = null; schedule(view, pane, true); event.stopPropagation(); }
    else keyed(pane, event);
  };
  body.onkeyup = (event) => { if (event.key === " ") view.space = false; };
  body.onblur = () => { view.space = false; };
}

const modeOf = (event) => (event.altKey ? "remove" : event.shiftKey ? "add" : "replace");

function point(pane, x, y) {
  const { view } = pane;
  if (!view.ready || pane.morph) return;
  hover(view, pane, nearest(pane, x, y), x, y);
}

const TWICE_MS = 500; // a double click is not two

/** A click on a point picks it; on the one that is picked, lets go of it. */
function pick(pane, x, y) {
  const slot = nearest(pane, x, y), { view } = pane, now = performance.now();
  if (slot < 0 || now - (view.pickedAt ?? -TWICE_MS) < TWICE_MS) return;
  view.pickedAt = now;
  view.picked = view.picked === slot ? -1 : slot;
  schedule(view, null, true);
  view.act("picked", { sample: sampleAt(view, slot), turn: Date.now() });
}

/** Two fingers: apart is closer, together they move. */
function pinch(pane, held, id, now) {
  if (!held.has(id) || held.size !== 2) return;
  const [other] = [...held].filter(([key]) => key !== id).map(([, place]) => place), before = held.get(id);
  const far = (a) => Math.max(8, Math.hypot(a[0] - other[0], a[1] - other[1]));
  held.set(id, now);
  pane.view.moving = true;
  pan(pane, (now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
  zoom(pane, far(now) / far(before), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
}

/** Arrows move or turn, + and - zoom, 0 resets, Enter chooses what is in view. */
function keyed(pane, event) {
  const { width, height } = pane.box, { view } = pane;
  if (!sourceOf(pane).places || event.ctrlKey || event.metaKey) return;
  const steps = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
  if (event.key in steps) (sourceOf(pane).spec.dims === 3 && !event.shiftKey ? turn : pan)(pane, ...steps[event.key]);
  else if (event.key === "+" || event.key === "=") zoom(pane, 1.25);
  else if (event.key === "-") zoom(pane, 0.8);
  else if (event.key === "0") resetCamera(pane);
  else if (event.key === "Enter") chooseBy(pane, [[0, 0], [width, 0], [width, height], [0, height]], modeOf(event));
  else if (event.key === " ") view.space = true;
  else return;
  event.preventDefault();
}
