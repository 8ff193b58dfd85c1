/* Thumbnails as marks where few points are in view, and what hovering says. */

const MOST_MARKS = 200;
const CLOSE = 1.8; // from this zoom on faded points do not count: from afar thumbnails would hide what is selected
const MARK = 30; // pixels of a thumbnail
const REST_MS = 160;
const HOVER_MS = 70;

const contextUrl = (view, kind, rest) => address(view.data.context.replace("/cutaway/*/", `/cutaway/${kind}/`) + rest);

/** After the cameras have come to rest: everything is drawn again, and the marks that are missing are fetched. */
function rest(view) {
  clearTimeout(view.resting);
  view.resting = setTimeout(() => {
    if (view.busy) return rest(view);
    if (view.moving && view.part < 1) schedule(view);
    view.moving = false;
    view.panes.forEach((pane) => wantThumbs(pane));
  }, REST_MS);
}

/** Lit samples in view, where they are few; none where they are many. */
function marked(pane) {
  const { view } = pane;
  if (!view.ready || !view.data.context || !view.showing || !sourceOf(pane).places || !pane.box.width) return [];
  const { items } = seen(pane);
  if (items.length > (cameraOf(pane).zoom >= CLOSE ? 12 * MOST_MARKS : MOST_MARKS)) return [];
  const lit = [];
  for (const slot of items) {
    if (litOf(view, slot) === 2 && lit.push(slot) > MOST_MARKS) return [];
  }
  return lit;
}

async function wantThumbs(pane) {
  const { view } = pane, slots = marked(pane);
  pane.marks = slots;
  schedule(view, pane);
  const side = view.scale > 1.2 ? 64 : 32, missing = slots.map((slot) => sampleAt(view, slot)).filter((sample) => !view.thumbs.has(sample));
  if (!missing.length) return;
  missing.forEach((sample) => view.thumbs.set(sample, null));
  try {
    const answer = await fetch(contextUrl(view, "thumbs", `?s=${missing.join(",")}&side=${side}`));
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const sheet = await createImageBitmap(await answer.blob());
    const columns = Math.max(1, Math.ceil(Math.sqrt(missing.length))), cell = sheet.width / columns;
    missing.forEach((sample, i) => view.thumbs.set(sample, { sheet, cell, x: (i % columns) * cell, y: Math.floor(i / columns) * cell }));
  } catch {
    missing.forEach((sample) => view.thumbs.delete(sample));
    return;
  }
  for (const sample of view.thumbs.keys()) {
    if (view.thumbs.size <= 4000) break;
    view.thumbs.delete(sample);
  }
  schedule(view);
}

/** Each at its point, framed in the point's colour; one that would cover another stays a point. */
function paintThumbs(pane, pen, m) {
  const { view } = pane, taken = {}, apart = MARK + 4;
  for (const slot of pane.marks ?? []) {
    const thumb = view.thumbs.get(sampleAt(view, slot)), point = thumb && litOf(view, slot) === 2 && pointOf(pane, slot);
    const at = point && onPane(pane, point, m);
    if (!at) continue;
    const [x, y] = at.map((v) => Math.round(v - MARK / 2)), column = Math.floor(at[0] / apart), row = Math.floor(at[1] / apart);
    const near = [-1, 0, 1].flatMap((r) => [-1, 0, 1].map((c) => taken[`${column + c}/${row + r}`])).filter(Boolean);
    if (near.some(([left, top]) => Math.abs(left - x) < apart && Math.abs(top - y) < apart)) continue;
    taken[`${column}/${row}`] = [x, y];
    pen.fillStyle = css(colourOf(view, slot));
    pen.fillRect(x - 2, y - 2, MARK + 4, MARK + 4);
    pen.fillStyle = css(view.theme.paper);
    pen.fillRect(x, y, MARK, MARK);
    pen.imageSmoothingEnabled = thumb.cell > MARK * view.scale;
    pen.drawImage(thumb.sheet, thumb.x, thumb.y, thumb.cell, thumb.cell, x, y, MARK, MARK);
  }
}

// ------------------------------------------------------------------------------------------------------------ hovering

function hover(view, pane, slot, x = 0, y = 0) {
  if (view.hovered !== slot) {
    view.hovered = slot;
    schedule(view, null, true);
    clearTimeout(view.asks);
    if (slot >= 0) {
      fillTip(view, slot);
      view.asks = setTimeout(() => askWords(view, sampleAt(view, slot)), HOVER_MS);
    }
  }
  view.tip.hidden = slot < 0;
  if (slot < 0) return;
  const { offsetWidth: width, offsetHeight: height } = view.tip, left = pane.box.left + x, top = pane.box.top + y;
  const right = left + 18 + width < view.stage.clientWidth, below = top + 14 + height < view.stage.clientHeight;
  view.tip.style.left = `${right ? left + 18 : Math.max(0, left - width - 18)}px`;
  view.tip.style.top = `${below ? top + 14 : Math.max(0, view.stage.clientHeight - height - 2)}px`;
}

/** What a sample's colour says. */
function colourWords(view, slot) {
  const { colour, codes } = view, code = codes?.[slot];
  if (code === undefined) return null;
  const title = colour.title || "Colour";
  if (code === view.none) return [title, "none"];
  if (colour.kind === "category") return [title, colour.names[code]];
  return [title, spoken(colour, colour.low + (code / 65534) * (colour.high - colour.low))];
}

function spoken(colour, value) {
  const unit = colour.unit ? `${/^[%°]/.test(colour.unit) ? "" : " "}${colour.unit}` : "";
  const size = Math.max(Math.abs(colour.low), Math.abs(colour.high));
  return (size >= 1e5 || (size && size < 1e-3) ? value.toExponential(2) : String(+value.toPrecision(3))) + unit;
}

function fillTip(view, slot) {
  const sample = sampleAt(view, slot), known = view.words.get(sample), own = colourWords(view, slot);
  const words = [...(known?.words ?? [])], swatch = el("i", { style: `background:${css(colourOf(view, slot))}` });
  if (own && !words.some(([, is]) => is === own[1])) words.push(own);
  const list = words.map(([what, is]) => el("div", {}, el("span", {}, what), el("b", {}, is)));
  const picture = known?.src ? el("img", { src: known.src, alt: "" }) : view.data.context ? el("span", { class: "blank" }) : null;
  view.tip.replaceChildren(...[picture, el("div", { class: "said" }, el("div", { class: "name" }, swatch, known?.name || `Sample ${count(sample)}`), ...list)].filter(Boolean));
}

async function askWords(view, sample) {
  if (!view.data.context || view.words.has(sample)) return;
  const { context } = view.data;
  try {
    const answer = await fetch(contextUrl(view, "sample", `/${sample}`));
    if (!answer.ok) return;
    const found = await answer.json();
    if (view.data.context !== context) return;
    view.words.set(sample, found);
    if (view.words.size > 500) view.words.delete(view.words.keys().next().value);
    if (view.hovered >= 0 && sampleAt(view, view.hovered) === sample) fillTip(view, view.hovered);
  } catch { /* the server is away; what is known stays */ }
}
