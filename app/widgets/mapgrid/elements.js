/* Small makers of elements, shared by the files beside this one. */

/** An element with attributes, listeners (on...) and children; text is never read as HTML. */
function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

function chip(text, title) {
  return el("span", { class: "chip", title }, text);
}

function percent(probability) {
  const shown = 100 * probability;
  return shown >= 99.95 ? "100 %" : shown < 0.05 ? "<0.1 %" : `${shown.toFixed(1)} %`;
}

function duration(seconds) {
  if (seconds < 0.001) return "under 1 ms";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

/** The part of a picture that a network sees, filling its parent; black where the crop is padded. */
function cropped(picture, [left, top, right, bottom]) {
  const across = right - left, down = bottom - top;
  const place = `width:${100 / across}%;height:${100 / down}%;left:${(-100 * left) / across}%;top:${(-100 * top) / down}%`;
  return el("div", { class: "crop" }, el("img", { src: picture.src, alt: "", style: place, draggable: "false" }));
}

/** Width over height of what a network sees, in the picture's own proportions. */
function aspect(picture, [left, top, right, bottom]) {
  return ((right - left) * picture.width) / ((bottom - top) * picture.height);
}

/** Beside its button and inside the window, above whatever scrolls or clips. */
function place(list, button) {
  list.showPopover();
  const box = button.getBoundingClientRect(), { offsetWidth: width, offsetHeight: height } = list;
  const left = Math.max(4, Math.min(box.right - width, window.innerWidth - width - 4));
  const below = box.bottom + 4, top = below + height > window.innerHeight ? Math.max(4, box.top - height - 4) : below;
  Object.assign(list.style, { left: `${left}px`, top: `${top}px` });
}

/** A button that opens a list of actions: [label, function]. */
function menu(label, title, actions) {
  const list = el("div", { class: "actions", role: "menu", popover: "manual" });
  const box = el("details", { class: "menu" }, el("summary", { title, "aria-label": title }, label), list);
  for (const [text, act] of actions) {
    list.append(el("button", { type: "button", role: "menuitem", onclick: () => { box.open = false; act(); } }, text));
  }
  const away = (event) => { if (event.target === window || !list.contains(event.target)) box.open = false; };
  box.addEventListener("toggle", () => {
    if (box.open && box.isConnected) place(list, box.firstChild); else if (list.matches(":popover-open")) list.hidePopover();
    const listen = box.open ? "addEventListener" : "removeEventListener";
    window[listen]("scroll", away, true);
    window[listen]("resize", away);
  });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) box.open = false; });
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && box.open) { box.open = false; event.stopPropagation(); event.preventDefault(); }
  });
  return box;
}
