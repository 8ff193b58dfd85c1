/* Small pictures in a grid; right or wrong is seen by the frame and the sign. A click picks one; arrows walk. */

const SMALL = new WeakMap();
const SIGNS = { right: "✓", wrong: "✗" };

/** Where in the sprite a tile's picture is. */
function placed({ src, columns, rows, pixels }, place) {
  const at = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
  const x = at(place % columns, columns), y = at(Math.floor(place / columns), rows);
  const style = `background-image:url(${src});background-size:${100 * columns}% ${100 * rows}%;background-position:${x}% ${y}%`;
  return el("span", { class: pixels ? "picture pixels" : "picture", style });
}

function tileOf(small, tile, place) {
  const sign = SIGNS[tile.state] ? el("span", { class: "sign", "aria-hidden": "true" }, SIGNS[tile.state]) : null;
  const note = tile.note ? el("span", { class: "note" }, tile.note) : null;
  return el("button", {
    type: "button", class: `one ${tile.state}`, title: tile.spoken, "aria-label": tile.note ? `${tile.spoken}, ${tile.note}` : tile.spoken,
    "aria-pressed": String(tile.sample === small.data.picked), tabindex: place === small.at ? "0" : "-1",
    onclick: () => small.act("picked", { sample: tile.sample }), onfocus: () => { small.at = place; rove(small); },
  }, placed(small.data.sprite, place), sign, note);
}

function rove(small) {
  small.ones.forEach((one, place) => one.setAttribute("tabindex", place === small.at ? "0" : "-1"));
}

/** How many lie side by side. */
function across(small) {
  const top = small.ones[0]?.offsetTop;
  const below = small.ones.findIndex((one) => one.offsetTop > top);
  return below < 0 ? small.ones.length : below;
}

function keyed(small, event) {
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(small), ArrowUp: -across(small) };
  const ends = { Home: 0, End: small.ones.length - 1 };
  if (!(event.key in steps) && !(event.key in ends)) return;
  event.preventDefault();
  small.ones[event.key in ends ? ends[event.key] : small.at + steps[event.key]]?.focus();
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".small");
  const small = SMALL.get(root) ?? { root };
  SMALL.set(root, small);
  small.act = setTriggerValue;
  if (small.stamp !== data.stamp) {
    const focused = root.getRootNode().activeElement?.classList?.contains("one");
    Object.assign(small, { data, stamp: data.stamp, at: Math.min(small.at ?? 0, Math.max(0, data.tiles.length - 1)) });
    root.style.setProperty("--wide", `${data.side}px`);
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", data.label);
    root.onkeydown = (event) => keyed(small, event);
    small.ones = data.tiles.map((tile, place) => tileOf(small, tile, place));
    root.replaceChildren(...small.ones);
    if (focused) small.ones[small.at]?.focus({ preventScroll: true });
  }
  small.data = data;
  small.ones.forEach((one, place) => one.setAttribute("aria-pressed", String(data.tiles[place].sample === data.picked)));
}
