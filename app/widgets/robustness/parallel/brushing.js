/* Brushes: drawn along an axis with a pointer, or typed. A click on an axis takes its brush away. */

const NEAR = 14; // pixels from an axis
const STILL = 4; // pixels: less is a click

function axisAt(view, x) {
  const { place, data } = view;
  const i = data.axes.length > 1 && place.step > 0 ? Math.round((x - PAD.left) / place.step) : 0;
  const axis = data.axes[i];
  return axis && Math.abs(place.x(i) - x) <= Math.max(NEAR, 0) ? { axis, i } : null;
}

function shareAt(view, y) {
  const { top, bottom } = view.place;
  return Math.min(1, Math.max(0, (bottom - y) / (bottom - top)));
}

function listen(view) {
  const { canvas } = view;
  let held = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.onpointerdown = (event) => {
    const [x, y] = at(event), found = axisAt(view, x);
    if (!found || event.button) return;
    held = { ...found, from: y, before: view.brushes[found.axis.id] };
    canvas.setPointerCapture(event.pointerId);
  };
  canvas.onpointermove = (event) => {
    const [x, y] = at(event);
    tell(view, x, y);
    if (!held || Math.abs(y - held.from) < STILL) return;
    const ends = [shareAt(view, held.from), shareAt(view, y)].map((part) => worth(held.axis, part));
    view.brushes = { ...view.brushes, [held.axis.id]: [Math.min(...ends), Math.max(...ends)] };
    paint(view);
  };
  canvas.onpointerup = (event) => {
    if (!held) return;
    const moved = Math.abs(at(event)[1] - held.from) >= STILL, { axis, before } = held;
    held = null;
    if (!moved && !before) return;
    if (!moved) delete view.brushes[axis.id];
    send(view);
  };
  canvas.onpointercancel = () => { held = null; };
  canvas.onpointerleave = () => { view.tip.hidden = true; };
}

/** The name of the axis under the pointer and the value there. */
function tell(view, x, y) {
  const found = axisAt(view, x), { tip, place } = view;
  tip.hidden = !found;
  view.canvas.style.cursor = found ? "ns-resize" : "default";
  if (!found) return;
  tip.textContent = `${found.axis.title}: ${said(found.axis, worth(found.axis, shareAt(view, y)))}`;
  const left = place.x(found.i) + 10, over = left + tip.offsetWidth - view.stage.scrollLeft > view.root.clientWidth;
  Object.assign(tip.style, { left: `${over ? left - tip.offsetWidth - 20 : left}px`, top: `${Math.max(0, y - 10)}px` });
}

function send(view) {
  view.act("brushed", { brushes: view.brushes, turn: Date.now() });
  refresh(view);
}

/** The same by keyboard: an axis, its least and its most. */
function makeForm(view) {
  const { axes } = view.data;
  const select = make("select", { ariaLabel: "Axis to brush" });
  select.append(...axes.map((axis) => make("option", { value: axis.id, textContent: axis.title })));
  const number = (label) => make("input", { type: "number", step: "any", ariaLabel: label, placeholder: label });
  const least = number("least"), most = number("most");
  const keep = make("button", { type: "submit", textContent: "Brush", title: "Select the samples between these two" });
  const clear = make("button", { type: "button", textContent: "Clear", title: "Take all brushes away" });
  const fill = () => {
    const axis = axes.find((a) => a.id === select.value) ?? axes[0], span = view.brushes[axis.id];
    least.placeholder = said(axis, axis.least);
    most.placeholder = said(axis, axis.most);
    least.value = span ? +span[0].toPrecision(4) : "";
    most.value = span ? +span[1].toPrecision(4) : "";
    clear.disabled = !Object.keys(view.brushes).length;
  };
  select.onchange = fill;
  clear.onclick = () => { view.brushes = {}; send(view); };
  const form = make("form", {});
  form.onsubmit = (event) => {
    event.preventDefault();
    const axis = axes.find((a) => a.id === select.value) ?? axes[0];
    const ends = [least.value === "" ? axis.least : +least.value, most.value === "" ? axis.most : +most.value];
    view.brushes = { ...view.brushes, [axis.id]: [Math.min(...ends), Math.max(...ends)] };
    send(view);
  };
  form.append(select, least, make("span", { textContent: "to" }), most, keep, clear);
  view.fill = fill;
  fill();
  return form;
}
