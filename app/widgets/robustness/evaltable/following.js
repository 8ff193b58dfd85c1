/* Pointer and keys over the cells: the card follows, arrows move, Enter and clicks act. */

const LINGERS_MS = 600; // a held card, while the pointer is on its way to its buttons

const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function following(place, table, data, act, start, focused) {
  const lines = [...table.tBodies[0].rows].map((line) => [...line.cells].slice(1));
  let card = null, held = false, leaving = 0;
  const inside = ([row, column]) => [Math.min(row, lines.length - 1), Math.min(column, data.columns.length - 1)];
  let at = inside(start);

  function show([row, column], keep) {
    hide();
    held = keep;
    place.held = keep ? [row, column] : null;
    card = sheet(data, row, column, data.cells[row][column], keep);
    if (keep) {
      card.append(actions(choices([row, column])));
      card.querySelector(".acts").onpointerenter = () => clearTimeout(leaving);
    }
    card.classList.toggle("held", keep);
    place.append(card);
    beside(card, lines[row][column].getBoundingClientRect());
  }
  function hide() {
    clearTimeout(leaving);
    if (card) card.remove();
    card = null;
    held = false;
    place.held = null;
  }
  function ask(kind, [row, column]) {
    if (data.columns[column].still || data.rows[row].published) return;
    act({ kind, row: data.rows[row].name, column: data.columns[column].key });
  }
  function choices(cell) {
    if (data.columns[cell[1]].still || data.rows[cell[0]].published) return [];
    const made = [["Compare with it (Shift)", () => ask("b", cell)]];
    if (data.cells[cell[0]][cell[1]].text) {
      made.push(["Select what is wrong (W)", () => ask("wrong", cell)], ["Select what is right", () => ask("right", cell)]);
    }
    return made;
  }
  function move(to) {
    lines[at[0]][at[1]].tabIndex = -1;
    at = inside([Math.max(to[0], 0), Math.max(to[1], 0)]);
    place.at = at;
    lines[at[0]][at[1]].tabIndex = 0;
  }
  function pressed(cell, shift) {
    move(cell);
    ask(shift ? "b" : "a", cell);
    show(cell, true);
  }
  lines.forEach((line, row) => line.forEach((cell, column) => {
    cell.onpointerenter = () => {
      clearTimeout(leaving);
      if (!held) show([row, column], false);
      else if (place.held[0] !== row || place.held[1] !== column) leaving = setTimeout(() => show([row, column], false), LINGERS_MS);
    };
    cell.onclick = (event) => { pressed([row, column], event.shiftKey); event.stopPropagation(); };
    cell.onfocus = () => { if (!held && cell.matches(":focus-visible")) show([row, column], false); };
  }));
  table.onpointerleave = () => {
    clearTimeout(leaving);
    if (!held) hide();
  };
  table.onkeydown = (event) => {
    if (!event.target.matches("td")) return;
    const step = STEPS[event.key];
    if (step) {
      hide();
      move([at[0] + step[0], at[1] + step[1]]);
      lines[at[0]][at[1]].focus();
      event.preventDefault();
    } else if (event.key === "Enter") {
      pressed(at, event.shiftKey);
    } else if (event.key === "w" || event.key === "W") {
      ask("wrong", at);
    } else if (event.key === "Escape") {
      hide();
    }
  };
  if (place.letGo) document.removeEventListener("pointerdown", place.letGo);
  place.letGo = (event) => { if (!event.composedPath().includes(place)) hide(); };
  document.addEventListener("pointerdown", place.letGo);
  place.querySelector(".scroll").onscroll = hide;
  if (lines.length && data.columns.length) {
    const keep = place.held;
    move(at);
    if (keep && lines[keep[0]] && lines[keep[0]][keep[1]]) show(keep, true);
    if (focused) lines[at[0]][at[1]].focus({ preventScroll: true });
  }
}
