/* The canvas: density between neighbouring axes, the other representation's outline, samples as lines, axes, brushes. */

const PAD = { left: 14, right: 22, foot: 17 };
const NARROWEST = 22; // pixels from axis to axis; with less the stage scrolls
const TICK = 12; // pixels of a number at an axis's end

/** Where everything lies, from the number of axes and the room that there is. */
function layout(view) {
  const count = view.data.axes.length, room = Math.max(view.root.clientWidth, 120);
  const width = Math.max(room, PAD.left + PAD.right + NARROWEST * (count - 1));
  const longest = Math.max(...view.data.axes.map((axis) => textWidth(view, axis.label)));
  const step = count > 1 ? (width - PAD.left - PAD.right - lastLabel(view, longest)) / (count - 1) : 0;
  const turned = count > 1 && longest + 8 > step;
  const reach = Math.min(longest, 104);
  const head = (turned ? Math.round(reach * 0.72) + 12 : 16) + TICK;
  const height = view.data.height;
  return { width, height, step, turned, reach, top: head, bottom: height - PAD.foot, x: (i) => PAD.left + (count > 1 ? i * step : (width - PAD.left) / 2) };
}

/** A turned label runs to the right of the last axis, a plain one is centred on it. */
function lastLabel(view, longest) {
  const count = view.data.axes.length, last = textWidth(view, view.data.axes[count - 1].label);
  const step = count > 1 ? (view.root.clientWidth - PAD.left - PAD.right) / (count - 1) : 0;
  return longest + 8 > step ? Math.max(0, Math.min(last, 104) * 0.7 - PAD.right) : Math.max(0, last / 2 - PAD.right);
}

function textWidth(view, text) {
  view.pen.font = `11px ${view.font}`;
  return view.pen.measureText(text).width;
}

function rgba(colour, alpha) {
  return `color-mix(in srgb, ${colour} ${Math.round(1000 * alpha) / 10}%, transparent)`;
}

function paint(view) {
  const { pen, canvas } = view, place = (view.place = layout(view)), scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(place.width * scale);
  canvas.height = Math.round(place.height * scale);
  Object.assign(canvas.style, { width: `${place.width}px`, height: `${place.height}px` });
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, place.width, place.height);
  paintBands(view);
  paintOutline(view);
  paintLines(view);
  view.data.axes.forEach((axis, i) => paintAxis(view, axis, i));
}

const high = (place, share) => place.bottom - share * (place.bottom - place.top);

/** Of the samples between two axes: from a bin of the one to a bin of the other, the darker the more. */
function paintBands(view) {
  const { pen, place, data } = view, bins = data.bins;
  const colour = data.lines.length ? view.theme("--quiet-ink") : view.theme("--st-primary-color");
  data.bands.forEach((band, gap) => {
    const left = place.x(gap), right = place.x(gap + 1);
    for (const [cell, weight] of band) {
      const i = Math.floor(cell / bins), j = cell % bins;
      pen.fillStyle = rgba(colour, (data.lines.length ? 0.2 : 0.45) * weight);
      pen.beginPath();
      pen.moveTo(left, high(place, i / bins));
      pen.lineTo(left, high(place, (i + 1) / bins));
      pen.lineTo(right, high(place, (j + 1) / bins));
      pen.lineTo(right, high(place, j / bins));
      pen.fill();
    }
  });
}

/** Where nine tenths of the other representation lie, and its median; it breaks off where an axis has none. */
function paintOutline(view) {
  const { pen, place, data } = view;
  data.outline.forEach((quantiles, which) => {
    pen.strokeStyle = view.theme("--st-text-color");
    pen.lineWidth = which === 1 ? 1.6 : 1;
    pen.setLineDash(which === 1 ? [6, 3] : [2, 3]);
    polyline(pen, place, quantiles);
  });
  pen.setLineDash([]);
}

function paintLines(view) {
  const { pen, place, data } = view;
  pen.lineWidth = data.lines.length > 60 ? 0.7 : 1.1;
  for (const { values, right } of data.lines) {
    pen.strokeStyle = rgba(right === 0 ? data.colours.wrong : right === 1 ? data.colours.right : view.theme("--st-text-color"), 0.75);
    polyline(pen, place, values);
  }
}

function polyline(pen, place, shares) {
  pen.beginPath();
  let drawing = false;
  shares.forEach((share, i) => {
    if (share === null) drawing = false;
    else if (drawing) pen.lineTo(place.x(i), high(place, share));
    else {
      pen.moveTo(place.x(i), high(place, share));
      drawing = true;
    }
  });
  pen.stroke();
}

function paintAxis(view, axis, i) {
  const { pen, place } = view, x = place.x(i), ink = view.theme("--st-text-color");
  pen.strokeStyle = rgba(ink, 0.55);
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x, place.top);
  pen.lineTo(x, place.bottom);
  pen.stroke();
  const before = view.data.axes[i - 1], same = before && before.least === axis.least && before.most === axis.most;
  if (!same) {
    pen.fillStyle = rgba(ink, 0.7);
    pen.font = `10px ${view.font}`;
    pen.textAlign = i === 0 ? "left" : "center";
    const from = i === 0 ? x - PAD.left + 1 : x;
    pen.fillText(said(axis, axis.most), from, place.top - 3);
    pen.fillText(said(axis, axis.least), from, place.bottom + 11);
  }
  const span = view.brushes[axis.id];
  if (span) paintBrush(view, x, span.map((value) => share(axis, value)));
}

function paintBrush(view, x, [low, most]) {
  const { pen, place } = view, top = high(place, most), down = high(place, low);
  pen.fillStyle = rgba(view.theme("--st-primary-color"), 0.35);
  pen.strokeStyle = view.theme("--st-primary-color");
  pen.lineWidth = 1.4;
  pen.fillRect(x - 6, top, 12, Math.max(down - top, 1));
  pen.strokeRect(x - 6, top, 12, Math.max(down - top, 1));
}

const share = (axis, value) => Math.min(1, Math.max(0, (value - axis.least) / (axis.most - axis.least)));
const worth = (axis, part) => axis.least + part * (axis.most - axis.least);

function said(axis, value) {
  const digits = axis.most - axis.least >= 20 ? 0 : axis.most - axis.least >= 2 ? 1 : 2;
  return value.toFixed(digits) + axis.unit;
}
