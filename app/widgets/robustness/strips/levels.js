/* One image under every corruption and severity: groups of corruptions, five tiles each; a click chooses a condition. */

const SHEETS = new WeakMap();

function rowOf(sheet, row) {
  const { data } = sheet;
  const tiles = row.tiles.map((tile) => {
    const known = tile.known, chosen = tile.condition === data.chosen;
    const button = el("button", {
      type: "button", class: chosen ? "chosen" : "", disabled: !known, "aria-pressed": String(chosen),
      "aria-label": `${row.label}, severity ${tile.severity}`, "data-condition": tile.condition,
      onclick: () => sheet.act("picked", { condition: tile.condition }),
    }, pictureAt(data.sprite, tile.place));
    const facts = [["Severity", String(tile.severity)], ["Level", tile.level], ["Levels of", row.table]];
    if (!known) facts.push(["Sweep", "has no such condition"]);
    button.onmouseenter = () => tell(sheet.details, button, row.label, facts);
    button.onmouseleave = () => hush(sheet.details);
    return button;
  });
  return el("div", { class: "row" }, el("div", { class: "name", title: row.reads }, row.label, row.mark ? el("small", {}, row.mark) : null), el("div", { class: "five" }, ...tiles));
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".levels");
  const sheet = SHEETS.get(root) ?? { root };
  SHEETS.set(root, sheet);
  sheet.act = setTriggerValue;
  if (sheet.stamp !== data.stamp) {
    Object.assign(sheet, { data, stamp: data.stamp, details: details() });
    root.style.setProperty("--side", `${data.side}px`);
    root.style.setProperty("--aspect", data.aspect);
    const parts = data.groups.flatMap((group) => [el("h5", {}, group.name), el("div", { class: "group" }, ...group.rows.map((row) => rowOf(sheet, row)))]);
    root.replaceChildren(...parts, sheet.details);
  }
  return () => hush(sheet.details);
}
