/* What the colours mean: classes that can be hidden, or a bar of numbers. */

const SEARCHED = 16; // classes from which on a box to find one helps
const HEAVY = 400; // entries made at a time

function drawLegend(view) {
  const { colour } = view, { legend } = view;
  const stamp = JSON.stringify([colour.kind, colour.title, colour.unit, colour.low, colour.high, colour.names, colour.palette, colour.counts, colour.none]);
  if (view.legendStamp !== stamp) {
    view.legendStamp = stamp;
    view.entries = [];
    legend.replaceChildren(...(colour.kind === "number" ? bar(view) : classes(view)));
  }
  const side = colour.kind === "category" && colour.names.length > SEARCHED;
  view.root.classList.toggle("beside", side);
  legend.hidden = colour.kind === "category" ? !colour.names.length : !colour.title && !view.codes;
  markHidden(view);
}

function bar(view) {
  const { colour } = view, stops = view.ramp.filter((_, i) => i % 15 === 0).map((c) => css(c)).join(",");
  return [
    el("span", { class: "title", title: colour.title }, colour.title),
    el("span", { class: "end" }, spoken(colour, colour.low)),
    el("span", { class: "ramp", style: `background:linear-gradient(to right,${stops})` }),
    el("span", { class: "end" }, spoken(colour, colour.high)),
  ];
}

function classes(view) {
  const { colour } = view, list = el("div", { class: "entries", role: "group", "aria-label": `${colour.title || "Classes"}: press to hide, Alt to see one alone` });
  const add = (names) => list.append(...names);
  const made = colour.names.map((name, code) => () => entry(view, name, code));
  const grow = () => add(made.splice(0, HEAVY).map((make) => make()));
  grow();
  list.onscroll = () => { if (made.length && list.scrollTop + list.clientHeight > list.scrollHeight - 200) grow(); markHidden(view); };
  if (colour.none) list.append(el("span", { class: "nothing", title: `${count(colour.none)} without` }, el("i", {}), "none"));
  const parts = [colour.title ? el("span", { class: "title", title: colour.title }, colour.title) : null];
  if (colour.names.length > SEARCHED) {
    parts.push(el("input", {
      type: "search", placeholder: `Find among ${count(colour.names.length)}`, "aria-label": "Find a class",
      oninput: (event) => {
        while (made.length) grow();
        markHidden(view);
        const wanted = event.target.value.trim().toLowerCase();
        view.entries.forEach((one, code) => { one.hidden = !colour.names[code].toLowerCase().includes(wanted); });
      },
    }));
  }
  return [...parts, list].filter(Boolean);
}

function entry(view, name, code) {
  const button = el("button", {
    type: "button", title: `${name}: ${count(view.colour.counts[code] ?? 0)}. Click hides it, a double click shows it alone.`,
    onclick: (event) => hide(view, code, event.altKey),
    ondblclick: () => hide(view, code, true),
  }, el("i", { style: `background:${view.colour.palette[code]}` }), el("span", {}, name));
  view.entries[code] = button;
  return button;
}

const hiddenNow = (view) => view.localHidden ?? new Set(view.data.hidden);

/** Hide a class or show it again; alone: hide all others, or show all again. */
function hide(view, code, alone) {
  const all = view.colour.names.map((_, i) => i), now = hiddenNow(view);
  let next = new Set(now);
  if (alone) next = now.size === all.length - 1 && !now.has(code) ? new Set() : new Set(all.filter((i) => i !== code));
  else if (!next.delete(code)) next.add(code);
  view.localHidden = next;
  markHidden(view);
  arranged(view);
  uploadIndex(view);
  tellCounts(view);
  view.act("hid", { codes: [...next].sort((a, b) => a - b), turn: asksServer(view) });
}

function markHidden(view) {
  const now = view.colour.kind === "category" ? hiddenNow(view) : new Set();
  view.entries.forEach((button, code) => button.setAttribute("aria-pressed", now.has(code) ? "false" : "true"));
}
