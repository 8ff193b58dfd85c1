/* The card of a cell: its number with the interval, its samples, its severities; once clicked, what can be done. */

const NEAR = 10;

/* brief: without the drawings, so that it does not hide the views that follow a click */
function sheet(data, row, column, cell, brief) {
  const made = element("div", "card"), head = data.columns[column];
  made.append(element("strong", "", data.rows[row].name));
  made.append(element("div", "quiet", head.title));
  if (cell.why) made.append(element("div", "against", cell.why));
  if (cell.text) {
    const line = element("div");
    line.append(element("span", "big", cell.text), element("span", "quiet", cell.interval ? `  ${cell.interval}` : ""));
    made.append(line, element("div", "quiet", [cell.score || data.score, cell.count].filter(Boolean).join(" · ")));
  }
  if (brief) return made;
  if (cell.counts) {
    const ends = element("div", "ends");
    ends.append(element("span", "", data.ends[0]), element("span", "", data.number), element("span", "", data.ends[1]));
    made.append(histogram(cell.counts, data.split), ends);
  }
  if (cell.levels && cell.levels.filter((share) => share !== null).length > 1) {
    const ends = element("div", "ends");
    ends.append(...["1", "2", "3", "4", "5"].map((word) => element("span", "", word)));
    made.append(curve(cell.levels), ends, element("div", "quiet", "by severity"));
  }
  return made;
}

/* acts: [[words, what to do]] */
function actions(acts) {
  const made = element("div", "acts");
  for (const [words, act] of acts) {
    const button = element("button", "", words);
    button.type = "button";
    button.onclick = act;
    made.append(button);
  }
  return made;
}

function beside(card, box) {
  const { innerWidth, innerHeight } = window, { width, height } = card.getBoundingClientRect();
  const right = box.right + NEAR + width < innerWidth;
  card.style.left = `${Math.max(4, right ? box.right + NEAR : box.left - NEAR - width)}px`;
  card.style.top = `${Math.max(4, Math.min(box.top - 20, innerHeight - height - 4))}px`;
}
