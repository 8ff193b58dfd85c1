/* What is explained: the picture, the part that the network sees, and the five likeliest classes. */

function frame(picture, row) {
  const [left, top, right, bottom] = row.view.map((v) => Math.min(Math.max(v, 0), 1));
  const whole = left < 0.005 && top < 0.005 && right > 0.995 && bottom > 0.995;
  const place = `left:${100 * left}%;top:${100 * top}%;width:${100 * (right - left)}%;height:${100 * (bottom - top)}%`;
  const title = "The frame is the part that the network sees";
  return el("div", { class: "picture" }, el("img", { src: picture.src, alt: picture.name }),
    whole ? null : el("div", { class: "frame", style: place, title }));
}

/** The five likeliest classes; a full bar is `most`: the likeliest, so that small shares can be told apart. */
function bars(grid, row, most = Math.max(...row.top.map((p) => p.probability), 1e-9)) {
  return el("div", { class: "top" }, ...row.top.map((p) => {
    const title = `${p.name}: ${percent(p.probability)}, logit ${figures(p.logit)}. Click to explain this class.`;
    return el("button", {
      type: "button", class: p.chosen ? "class chosen" : "class", title, disabled: !grid.act, "aria-pressed": String(p.chosen),
      onclick: () => grid.act?.("target", { index: p.index, name: p.name }),
    }, el("span", { class: "fill", style: `width:${(100 * p.probability) / most}%` }),
      el("span", { class: "name" }, p.name), el("span", { class: "share" }, percent(p.probability)));
  }));
}

function subject(grid, row) {
  const picture = grid.data.pictures[row.picture];
  const small = Math.max(...row.input) <= 96;
  const sees = row.seen ? el("figure", { class: "seen" },
    el("img", { src: row.seen, alt: "What the network sees", class: small ? "pixels" : "" }),
    el("figcaption", {}, `What it sees: ${row.input[1]} × ${row.input[0]} pixels`)) : null;
  const remarks = picture.remarks.map((text) => el("p", { class: "remark" }, text));
  return el("header", { class: "subject" },
    frame(picture, row),
    el("div", { class: "about" },
      el("h3", { title: picture.name }, picture.name),
      el("p", { class: "by" }, row.classifier),
      bars(grid, row), sees, ...remarks));
}
