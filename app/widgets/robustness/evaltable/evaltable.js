/* The evaluation table: a click or Enter makes a cell the representation on show, with Shift the compared one. */

function header(data, act) {
  const top = element("thead"), groups = element("tr", "groups"), heads = element("tr", "heads");
  const corner = element("th"), under = element("th");
  under.append(headed(data.corner, act));
  under.setAttribute("scope", "col");
  groups.append(corner);
  heads.append(under);
  data.columns.forEach((column, i) => {
    if (i === 0 || column.group !== data.columns[i - 1].group) {
      const group = element("th");
      group.append(element("span", "", column.group));
      group.title = column.group;
      groups.append(group);
    } else {
      groups.lastChild.colSpan += 1;
    }
    const head = element("th");
    head.setAttribute("scope", "col");
    if (column.way) head.setAttribute("aria-sort", column.way === "▲" ? "ascending" : "descending");
    head.append(headed(column, act));
    heads.append(head);
  });
  top.append(groups, heads);
  return top;
}

function headed(column, act) {
  const made = element("button", "head");
  made.type = "button";
  made.title = `${column.title}. Click: sort by it.`;
  made.append(element("span", "way", column.way || " "), element("span", "word", column.label));
  made.onclick = () => act({ kind: "sort", column: column.key });
  return made;
}

function named(row, act) {
  const head = element("th"), made = element("button", `name${row.reference ? " reference" : ""}`);
  head.setAttribute("scope", "row");
  made.type = "button";
  made.title = row.title;
  made.style.setProperty("--own", row.colour);
  made.append(element("i"), element("b", "", row.label), element("em", "", row.sparsity));
  made.disabled = row.published;
  made.onclick = (event) => act({ kind: event.shiftKey ? "row-b" : "row-a", row: row.name });
  head.append(made);
  return head;
}

function celled(data, cell, row, column) {
  const head = data.columns[column], name = [cell.state, head.strong ? "strong" : "", head.still || data.rows[row].published ? "still" : ""];
  const made = element("td", name.filter(Boolean).join(" "));
  if (cell.counts) made.append(silhouette(cell.counts));
  if (cell.share !== null) {
    const { background, ink } = paint(cell.share, head.hue || data.hue);
    made.style.background = background;
    made.style.color = ink;
  }
  made.append(element("span", "", cell.state === "failed" ? "✕" : cell.short));
  made.setAttribute("aria-label", `${data.rows[row].name}, ${head.title}: ${cell.why || cell.text || "not there yet"}`);
  for (const mark of ["a", "b"]) {
    if (data[mark] && data[mark][0] === row && data[mark][1] === column) made.classList.add(mark);
  }
  made.tabIndex = -1;
  return made;
}

function body(data, act) {
  const made = element("tbody");
  data.rows.forEach((row, i) => {
    const line = element("tr", `${row.first ? "first" : ""}${row.published ? " published" : ""}`);
    line.style.height = `${data.tall}px`;
    line.append(named(row, act), ...data.cells[i].map((cell, k) => celled(data, cell, i, k)));
    made.append(line);
  });
  return made;
}

function foot(data) {
  const made = element("div", "foot"), ramp = element("span"), bar = element("span", "ramp");
  const stops = [0, 0.5, 1].map((t) => paint(data.diverging ? 2 * t - 1 : t, data.hue).background);
  bar.style.background = `linear-gradient(90deg, ${stops.join(",")})`;
  ramp.append(data.range[0], bar, data.range[1]);
  made.append(element("span", "", data.score), ramp);
  for (const kin of data.families) {
    const one = element("span", "kin");
    one.style.setProperty("--own", kin.colour);
    one.append(element("i"), kin.label);
    made.append(one);
  }
  return made;
}

function mount({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".evaltable"), at = place.at || [0, 0];
  const before = place.querySelector(".scroll"), scrolled = before ? [before.scrollLeft, before.scrollTop] : [0, 0];
  const focused = place.contains(place.getRootNode().activeElement);
  const act = (what) => setTriggerValue("picked", { ...what, at: Date.now() });
  const scroll = element("div", "scroll"), table = element("table");
  place.className = `evaltable${data.tall >= 24 ? " tall" : ""}${data.wide ? " wide" : ""}`;
  scroll.style.maxHeight = `${data.height - 22}px`;
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", `Evaluation table: ${data.score}`);
  const columns = element("colgroup"), first = element("col");
  first.style.width = `${data.names}px`;
  columns.append(first, ...data.columns.map((column) => (column.strong ? sized(data.strong) : element("col"))));
  table.append(columns, header(data, act), body(data, act));
  scroll.append(table);
  place.replaceChildren(scroll, foot(data));
  [scroll.scrollLeft, scroll.scrollTop] = scrolled;
  following(place, table, data, act, at, focused);
}

function sized(width) {
  const made = element("col");
  made.style.width = `${width}px`;
  return made;
}
