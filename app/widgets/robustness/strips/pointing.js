/* What the cursor reads beside what it points at. */

/** Where in a sprite the picture at a place is. */
function pictureAt({ src, columns, rows, pixels }, place, kind = "picture") {
  const x = place % columns, y = Math.floor(place / columns);
  const at = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
  const style = `background-image:url(${src});background-size:${100 * columns}% ${100 * rows}%;background-position:${at(x, columns)}% ${at(y, rows)}%`;
  return el("span", { class: pixels ? `${kind} pixels` : kind, style });
}

function details() {
  return el("div", { class: "details", popover: "manual", role: "tooltip" });
}

/** Show pairs of words beside an element, inside the window. */
function tell(box, beside, title, facts) {
  box.replaceChildren(el("b", {}, title), el("dl", {}, ...facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)])));
  if (!box.matches(":popover-open")) box.showPopover();
  const here = beside.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = box;
  const right = here.right + 8 + width < window.innerWidth ? here.right + 8 : here.left - width - 8;
  Object.assign(box.style, { left: `${Math.max(4, right)}px`, top: `${Math.max(4, Math.min(here.top - 6, window.innerHeight - height - 8))}px` });
}

function hush(box) {
  if (box?.matches(":popover-open")) box.hidePopover();
}
