/* A sheet of samples: a click opens one, ctrl or the corner ticks it, shift ticks a range. One picture holds all thumbnails. */

const SHEETS = new WeakMap();
const TICKS = new Map(); // of each dataset: they outlive the page of the sheet and its place on the screen
const SETTLE_MS = 350; // several ticks are one message to the server
const MARKS = { right: "✓", wrong: "✗", unknown: "" };

function ticksOf({ dataset, round }) {
  const known = TICKS.get(dataset);
  if (known?.round === round) return known;
  const fresh = { round, ids: new Set() };
  TICKS.set(dataset, fresh);
  return fresh;
}

/** Where in the sprite a tile's picture is. */
function cell({ src, columns, rows, pixels }, place) {
  const x = place % columns, y = Math.floor(place / columns);
  const at = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
  const style = `background-image:url(${src});background-size:${100 * columns}% ${100 * rows}%;background-position:${at(x, columns)}% ${at(y, rows)}%`;
  return el("span", { class: pixels ? "picture pixels" : "picture", style });
}

function caption(tile) {
  if (tile.said === null) return [el("span", { class: "truth" }, el("span", { class: "name" }, tile.truth))];
  const mark = MARKS[tile.state] ? el("span", { "aria-hidden": "true" }, MARKS[tile.state]) : null;
  return [
    el("span", { class: "sureness" }, el("i", { style: `width:${100 * tile.confidence}%` })),
    el("span", { class: "said" }, mark, el("span", { class: "name" }, tile.said), el("span", { class: "sure" }, whole(tile.confidence))),
    el("span", { class: "truth" }, el("span", { class: "name" }, tile.state === "right" ? "as labelled" : tile.truth ? `is ${tile.truth}` : "no label")),
  ];
}

/** Rounded down, so that only certainty is called 100 %. */
function whole(share) {
  return `${Math.floor(100 * share + 1e-6)} %`;
}

function tileOf(sheet, tile, place) {
  const open = el("button", {
    type: "button", class: "open", tabindex: place === sheet.at ? "0" : "-1", "aria-label": tile.spoken,
    onclick: (event) => pressed(sheet, place, event), onfocus: () => { sheet.at = place; rove(sheet); },
    onmouseenter: () => hover(sheet, place), onmouseleave: () => hover(sheet, null),
  }, cell(sheet.data.sprite, place), ...caption(tile));
  const corner = el("button", { type: "button", class: "corner", tabindex: "-1", "aria-label": `Tick ${tile.name}`, onclick: () => tick(sheet, place) });
  return el("div", { class: `one ${tile.state}`, "data-sample": tile.sample }, open, corner);
}

function pressed(sheet, place, event) {
  if (event.shiftKey) return tickRange(sheet, place);
  if (event.ctrlKey || event.metaKey) return tick(sheet, place);
  sheet.act("opened", { sample: sheet.data.tiles[place].sample });
}

function tick(sheet, place) {
  const { ids } = sheet.ticks, { sample } = sheet.data.tiles[place];
  if (!ids.delete(sample)) ids.add(sample);
  sheet.last = place;
  changed(sheet);
}

function tickRange(sheet, place) {
  const [from, to] = [sheet.last ?? sheet.at ?? 0, place].sort((a, b) => a - b);
  for (const { sample } of sheet.data.tiles.slice(from, to + 1)) sheet.ticks.ids.add(sample);
  sheet.last = place;
  changed(sheet);
}

/** Show the ticks now, tell the server once they have settled. */
function changed(sheet) {
  drawTicks(sheet);
  clearTimeout(sheet.timer);
  sheet.timer = setTimeout(() => sheet.keep("ticked", [...sheet.ticks.ids]), SETTLE_MS);
}

function drawTicks(sheet) {
  const { ids } = sheet.ticks;
  sheet.ones.forEach((one, place) => {
    const ticked = ids.has(sheet.data.tiles[place].sample);
    one.classList.toggle("ticked", ticked);
    one.lastChild.textContent = ticked ? "✓" : "+";
  });
  const every = el("button", { type: "button", onclick: () => { sheet.data.tiles.forEach((t) => ids.add(t.sample)); changed(sheet); } }, "Tick this page");
  const none = el("button", { type: "button", onclick: () => { ids.clear(); changed(sheet); } }, "Untick all");
  const said = ids.size ? el("b", {}, `${ids.size.toLocaleString("en")} ticked`) : null;
  const hint = "Click opens · Ctrl-click ticks · Shift-click ticks a range";
  sheet.ticking.replaceChildren(...[said, every, ids.size ? none : null, el("span", { class: "spring" }), el("span", {}, hint)].filter(Boolean));
}

function hover(sheet, place) {
  clearTimeout(sheet.hovering);
  if (place === null) { if (sheet.details.matches(":popover-open")) sheet.details.hidePopover(); return; }
  sheet.hovering = setTimeout(() => showDetails(sheet, place), 280);
}

function showDetails(sheet, place) {
  const tile = sheet.data.tiles[place], one = sheet.ones[place];
  if (!one?.isConnected) return;
  sheet.details.replaceChildren(el("b", {}, tile.name), el("dl", {}, ...tile.facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])));
  sheet.details.showPopover();
  const box = one.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = sheet.details;
  const right = box.right + 6 + width < window.innerWidth ? box.right + 6 : box.left - width - 6;
  Object.assign(sheet.details.style, { left: `${Math.max(4, right)}px`, top: `${Math.max(4, Math.min(box.top, window.innerHeight - height - 8))}px` });
}

function rove(sheet) {
  sheet.ones.forEach((one, place) => one.firstChild.setAttribute("tabindex", place === sheet.at ? "0" : "-1"));
}

/** How many tiles lie side by side. */
function across(sheet) {
  const top = sheet.ones[0]?.offsetTop;
  const below = sheet.ones.findIndex((one) => one.offsetTop > top);
  return below < 0 ? sheet.ones.length : below;
}

function keyed(sheet, event) {
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(sheet), ArrowUp: -across(sheet) };
  if (event.key === "x" || event.key === "X") { tick(sheet, sheet.at); return; }
  const turn = { PageDown: 1, PageUp: -1 }[event.key];
  if (turn) { event.preventDefault(); sheet.act("turned", { step: turn }); return; }
  const ends = { Home: 0, End: sheet.ones.length - 1 };
  if (!(event.key in steps) && !(event.key in ends)) return;
  event.preventDefault();
  const to = event.key in ends ? ends[event.key] : sheet.at + steps[event.key];
  if (event.shiftKey && sheet.ones[to]) { sheet.last ??= sheet.at; tickRange(sheet, to); }
  sheet.ones[to]?.firstChild.focus();
}

function build(sheet) {
  const { data } = sheet;
  sheet.root.style.setProperty("--wide", `${data.side + 8}px`);
  sheet.at = Math.min(sheet.at ?? 0, Math.max(0, data.tiles.length - 1));
  sheet.last = null;
  hover(sheet, null);
  sheet.ones = data.tiles.map((tile, place) => tileOf(sheet, tile, place));
  sheet.sheet.className = data.side < 80 ? "sheet small" : "sheet";
  const focused = sheet.root.getRootNode().activeElement?.classList?.contains("open");
  sheet.sheet.replaceChildren(...sheet.ones);
  if (focused) sheet.ones[sheet.at]?.firstChild.focus({ preventScroll: true });
}

function mount({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".tiles");
  const sheet = SHEETS.get(root) ?? { root };
  SHEETS.set(root, sheet);
  Object.assign(sheet, { act: setTriggerValue, keep: setStateValue, ticks: ticksOf(data) });
  if (!sheet.sheet) {
    sheet.sheet = el("div", { class: "sheet", role: "group", "aria-label": "Samples" });
    sheet.sheet.onkeydown = (event) => keyed(sheet, event);
    sheet.ticking = el("div", { class: "ticking" });
    sheet.details = el("div", { class: "details", popover: "manual", role: "tooltip" });
    root.replaceChildren(sheet.ticking, sheet.sheet, sheet.details);
  }
  if (sheet.stamp !== data.stamp) {
    const turned = sheet.data && sheet.data.page !== data.page;
    Object.assign(sheet, { data, stamp: data.stamp });
    build(sheet);
    if (turned && root.getBoundingClientRect().top < 0) root.scrollIntoView();
  }
  drawTicks(sheet);
  return () => hover(sheet, null);
}
