/* Parallel coordinates. What is drawn comes from the server, brushes go back to it; see global_document.py. */

const VIEWS = new WeakMap();

function make(tag, properties) {
  return Object.assign(document.createElement(tag), properties);
}

/** Names above their axes: across where there is room, turned where there is not. */
function nameAxes(view) {
  const { place, data } = view;
  view.names.replaceChildren(
    ...data.axes.map((axis, i) => {
      const name = make("span", { textContent: axis.label, title: axis.title, className: axis.id in view.brushes ? "brushed" : "" });
      const top = place.top - TICK - 16;
      if (place.turned) {
        Object.assign(name.style, { left: `${place.x(i)}px`, top: `${top}px`, maxWidth: `${place.reach}px`, transform: "rotate(-46deg)" });
      } else {
        const width = Math.min(place.step || 200, 200), left = i === 0 ? 0 : place.x(i) - width / 2;
        Object.assign(name.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, textAlign: i === 0 ? "left" : "center" });
      }
      return name;
    }),
  );
}

function refresh(view) {
  paint(view);
  nameAxes(view);
  view.fill?.();
}

function build(root) {
  const view = { root, canvas: make("canvas", {}), stage: make("div", { className: "stage" }), brushes: {} };
  view.names = make("div", { className: "names" });
  view.tip = make("div", { className: "tip", hidden: true });
  view.pen = view.canvas.getContext("2d");
  view.stage.append(view.canvas, view.names, view.tip);
  view.theme = (name) => (name === "--quiet-ink" ? getComputedStyle(root).color : getComputedStyle(root).getPropertyValue(name).trim() || "#0b6e69");
  root.replaceChildren(view.stage);
  listen(view);
  new ResizeObserver(() => view.data && requestAnimationFrame(() => refresh(view))).observe(root);
  return view;
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".parallel");
  const view = VIEWS.get(root) ?? build(root);
  VIEWS.set(root, view);
  view.act = setTriggerValue;
  view.font = getComputedStyle(root).fontFamily;
  if (view.stamp !== data.stamp) {
    Object.assign(view, { data, stamp: data.stamp, brushes: { ...data.brushes } });
    view.form?.remove();
    view.form = makeForm(view);
    root.append(view.form);
    view.canvas.setAttribute("role", "img");
    view.canvas.setAttribute("aria-label", data.words);
  }
  refresh(view);
}
