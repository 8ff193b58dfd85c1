/* What lies under and over the points: rasters; contours, axes, thumbnails, rings, uploads, the lasso. */

const CUBE = [0, 1, 1, 3, 3, 2, 2, 0, 4, 5, 5, 7, 7, 6, 6, 4, 0, 4, 1, 5, 2, 6, 3, 7];

/** A pane's part of a canvas, clipped; drawing uses its own pixels from (0, 0). */
function within(view, pen, box, paint) {
  pen.save();
  pen.setTransform(view.scale, 0, 0, view.scale, box.left * view.scale, box.top * view.scale);
  pen.beginPath();
  pen.rect(0, 0, box.width, box.height);
  pen.clip();
  pen.clearRect(0, 0, box.width, box.height);
  paint();
  pen.restore();
}

function paintUnder(pane) {
  const { view } = pane, pen = view.under.getContext("2d");
  within(view, pen, pane.box, () => {
    const { raster } = sourceOf(pane).spec;
    if (!raster || pane.morph || sourceOf(pane).spec.dims !== 2) return;
    const picture = pictureOf(view, address(raster.src), pane);
    if (!picture) return;
    const [left, bottom, right, top] = raster.bounds, from = onPane(pane, [left, top]), to = onPane(pane, [right, bottom]);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, from[0], from[1], to[0] - from[0], to[1] - from[1]);
  });
}

/** A picture by its address, once it is there; the pane is drawn again when it comes. */
function pictureOf(view, src, pane) {
  let found = view.pictures.get(src);
  if (!found) {
    found = new Image();
    found.decoding = "async";
    found.onload = () => schedule(view, pane);
    found.src = src;
    view.pictures.set(src, found);
    if (view.pictures.size > 120) view.pictures.delete(view.pictures.keys().next().value);
  }
  return found.complete && found.naturalWidth ? found : null;
}

function paintOver(pane) {
  const { view } = pane, pen = view.over.getContext("2d");
  within(view, pen, pane.box, () => {
    const source = sourceOf(pane);
    if (source.spec.points && view.ready) {
      const m = matrixOf(pane);
      if (!pane.morph) {
        paintContours(pane, pen, m);
        paintAxes(pane, pen, m);
        paintThumbs(pane, pen, m);
      }
      for (const [slot, colour, width] of [[view.picked, view.theme.accent, 3], [view.hovered, view.theme.ink, 2]]) {
        const point = pane.morph ? null : pointOf(pane, slot), at = point && onPane(pane, point, m);
        if (at && litOf(view, slot)) paintRing(view, pen, at, litSize(pane) / 2 + 4, colour, width);
      }
      if (!pane.morph) paintUploads(pane, pen, m);
    }
    paintOutline(pane, pen);
  });
}

function paintRing(view, pen, [x, y], radius, colour, width) {
  for (const [ink, wide] of [[view.theme.paper, width + 3], [colour, width]]) {
    pen.strokeStyle = css(ink, ink === view.theme.paper ? 0.85 : 1);
    pen.lineWidth = wide;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.stroke();
  }
}

function paintContours(pane, pen, m) {
  const { spec } = sourceOf(pane);
  if (spec.dims !== 2 || !spec.contours?.length) return;
  pen.lineWidth = 1;
  pen.lineJoin = "round";
  for (const [level, line] of spec.contours) {
    pen.strokeStyle = css(pane.view.theme.ink, 0.25 + 0.35 * (1 - Math.min(1, Math.max(0, level))));
    pen.beginPath();
    for (let i = 0; i < line.length; i += 2) pen.lineTo(...onPane(pane, [line[i], line[i + 1]], m));
    pen.stroke();
  }
}

/** Their names at the lower left; a solid picture has a box of its bounds, so that its turning is seen. */
function paintAxes(pane, pen, m) {
  const { view, box } = pane, { spec } = sourceOf(pane), { theme } = view;
  pen.font = `11px ${theme.font}`;
  pen.fillStyle = css(theme.ink, 0.62);
  pen.strokeStyle = css(theme.ink, 0.35);
  pen.lineWidth = 1;
  if (spec.dims === 2) {
    if (!spec.axes?.length) return;
    const [across = "", up = ""] = spec.axes;
    pen.beginPath();
    pen.moveTo(10, box.height - 44);
    pen.lineTo(10, box.height - 10);
    pen.lineTo(44, box.height - 10);
    pen.stroke();
    pen.textBaseline = "middle";
    pen.fillText(fitting(pen, across, box.width - 64), 49, box.height - 10);
    pen.save();
    pen.translate(10, box.height - 49);
    pen.rotate(-Math.PI / 2);
    pen.fillText(fitting(pen, up, box.height - 64), 0, 0);
    pen.restore();
    return;
  }
  const corner = (i) => [0, 1, 2].map((k) => ((i >> k) & 1 ? spec.high : spec.low)[k]);
  const corners = Array.from({ length: 8 }, (_, i) => onPane(pane, corner(i), m));
  pen.strokeStyle = css(theme.ink, 0.16);
  pen.beginPath();
  for (let i = 0; i < CUBE.length; i += 2) {
    const from = corners[CUBE[i]], to = corners[CUBE[i + 1]];
    if (from && to) { pen.moveTo(...from); pen.lineTo(...to); }
  }
  pen.stroke();
  pen.textAlign = "center";
  (spec.axes ?? []).slice(0, 3).forEach((name, k) => {
    const at = corners[1 << k], from = corners[0];
    if (at && from) pen.fillText(fitting(pen, name, 120), (at[0] + from[0]) / 2, (at[1] + from[1]) / 2 + 12);
  });
}

function fitting(pen, text, room) {
  if (pen.measureText(text).width <= room) return text;
  let cut = text;
  while (cut.length > 1 && pen.measureText(`${cut}…`).width > room) cut = cut.slice(0, -1);
  return `${cut}…`;
}

/** Pictures that are not of the dataset: larger, framed, with their names, above everything. */
function paintUploads(pane, pen, m) {
  const { view, box } = pane, side = Math.max(22, Math.min(38, Math.round(0.1 * Math.min(box.width, box.height))));
  for (const mark of view.data.uploads) {
    const at = mark.pane === pane.source && onPane(pane, mark.point, m);
    if (!at) continue;
    const [x, y] = [at[0] - side / 2, at[1] - side / 2], picture = pictureOf(view, mark.src, pane);
    pen.fillStyle = css(view.theme.accent);
    pen.fillRect(x - 4, y - 4, side + 8, side + 8);
    pen.fillStyle = css(view.theme.paper);
    pen.fillRect(x - 1.5, y - 1.5, side + 3, side + 3);
    if (picture) {
      const shrink = side / Math.max(picture.naturalWidth, picture.naturalHeight), w = picture.naturalWidth * shrink, h = picture.naturalHeight * shrink;
      pen.imageSmoothingEnabled = shrink < 1;
      pen.drawImage(picture, at[0] - w / 2, at[1] - h / 2, w, h);
    }
    pen.font = `600 11.5px ${view.theme.font}`;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    const name = fitting(pen, mark.name, 150);
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeStyle = css(view.theme.paper, 0.9);
    pen.strokeText(name, at[0], y + side + 7);
    pen.fillStyle = css(view.theme.ink);
    pen.fillText(name, at[0], y + side + 7);
  }
}

function paintOutline(pane, pen) {
  const { outline } = pane;
  if (!outline || outline.length < 2) return;
  pen.fillStyle = css(pane.view.theme.accent, 0.12);
  pen.strokeStyle = css(pane.view.theme.accent);
  pen.lineWidth = 1.5;
  pen.setLineDash([5, 3]);
  pen.beginPath();
  for (const corner of outline) pen.lineTo(...corner);
  pen.closePath();
  pen.fill("evenodd");
  pen.stroke();
  pen.setLineDash([]);
}
