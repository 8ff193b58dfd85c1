/* Samples, each with a strip of verdicts, a cell a member: right or wrong by colour and sign, surer is stronger. */

const SHEETS = new WeakMap();
const SIGNS = { right: "✓", wrong: "✗", none: "?", missing: "" };
const WORDS = { right: "right", wrong: "wrong", none: "no label to judge by" };
const STRONG = 62; // per cent, from which the sign is light on the colour
const WEAKEST = 0.22; // a guess is still to be seen

function cellOf(cell, member) {
  const strength = cell.state === "missing" ? 0 : Math.round(100 * (WEAKEST + (1 - WEAKEST) * (cell.sure ?? 0)));
  return el("i", { class: strength > STRONG ? `${cell.state} strong` : cell.state, "data-member": member, style: `--strength:${strength}%` }, SIGNS[cell.state]);
}

function told(tile) {
  if (!tile.judged) return "not judged";
  return tile.wrong ? `${tile.wrong} of ${tile.judged} wrong` : tile.judged > 1 ? `all ${tile.judged} right` : "right";
}

function tileOf(sheet, tile, place) {
  const { data } = sheet;
  const words = el("span", { class: "words" },
    el("span", { class: "truth" }, tile.truth),
    el("span", { class: tile.judged && tile.wrong ? "tally some" : "tally" }, told(tile)),
    el("span", { class: "strip" }, ...tile.cells.map(cellOf)));
  const picture = data.sprite ? pictureAt(data.sprite, place) : el("span", { class: "number" }, tile.sample.toLocaleString("en"));
  return el("button", {
    type: "button", class: tile.sample === data.chosen ? "one chosen" : "one", "data-sample": tile.sample,
    "aria-label": tile.spoken, "aria-pressed": String(tile.sample === data.chosen),
    onclick: () => sheet.act("picked", { sample: tile.sample }),
    onmousemove: (event) => pointed(sheet, place, event.target), onmouseleave: () => left(sheet),
  }, picture, words);
}

function pointed(sheet, place, target) {
  const tile = sheet.data.tiles[place], member = target.dataset?.member;
  if (sheet.at === `${place}.${member}`) return;
  sheet.at = `${place}.${member}`;
  mark(sheet, member);
  if (member === undefined) {
    tell(sheet.details, sheet.ones[place], `Sample ${tile.sample.toLocaleString("en")}`, [["Label", tile.truth], ["Members", told(tile)]]);
    return;
  }
  const cell = tile.cells[member];
  const facts = cell.state === "missing" ? [["Verdict", "not computed, or failed"]] : [
    ["Says", `${cell.said} · ${WORDS[cell.state]}`],
    ["Label", tile.truth],
    ["Confidence", cell.sure === null ? "none" : percent(cell.sure)],
    ["Margin", cell.margin ?? "none"],
  ];
  tell(sheet.details, target, sheet.data.members[member], facts);
}

/** The same member in every strip. */
function mark(sheet, member) {
  for (const cell of sheet.root.querySelectorAll(".strip .same")) cell.classList.remove("same");
  if (member === undefined) return;
  for (const cell of sheet.root.querySelectorAll(`.strip [data-member="${member}"]`)) cell.classList.add("same");
}

function left(sheet) {
  sheet.at = null;
  mark(sheet, undefined);
  hush(sheet.details);
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".strips");
  const sheet = SHEETS.get(root) ?? { root };
  SHEETS.set(root, sheet);
  sheet.act = setTriggerValue;
  if (!sheet.tiles) {
    sheet.tiles = el("div", { class: "tiles", role: "group", "aria-label": "Samples" });
    sheet.details = details();
    root.replaceChildren(sheet.tiles, sheet.details);
  }
  if (sheet.stamp !== data.stamp) {
    Object.assign(sheet, { data, stamp: data.stamp });
    const across = Math.min(data.members.length, data.across);
    const side = across <= 4 ? (data.side < 50 ? 16 : 20) : across <= 8 && data.side > 50 ? 16 : 13;
    root.style.setProperty("--cell", `${side}px`);
    root.style.setProperty("--across", across);
    root.style.setProperty("--side", `${data.side}px`);
    left(sheet);
    sheet.ones = data.tiles.map((tile, place) => tileOf(sheet, tile, place));
    sheet.tiles.className = `tiles${data.sprite ? "" : " blind"}${data.side < 50 ? " small" : ""}`;
    sheet.tiles.replaceChildren(...sheet.ones);
  }
  return () => left(sheet);
}
