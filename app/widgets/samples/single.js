/* One sample: the picture large, what each model says of it, its numbers; the arrow keys go on to its neighbours. */

const STEPS = { ArrowLeft: -1, ArrowRight: 1 };

function bars({ model, top, truth, verdict }) {
  const rows = top.map(({ name, probability, labelled }) => el("div", { class: labelled ? "class true" : "class" },
    el("i", { class: "fill", style: `width:${100 * probability}%` }), el("span", { class: "name", title: name }, name), el("span", { class: "share" }, percent(probability))));
  return el("section", {}, el("h4", {}, el("span", { title: model }, model), el("span", { class: verdict }, { right: "✓ correct", wrong: "✗ wrong" }[verdict] ?? "")), ...rows);
}

function stepper(data, act) {
  const button = (step, sign, words, there) => el("button", { type: "button", title: `${words} (arrow key)`, "aria-label": words, disabled: !there, onclick: () => act("stepped", { step }) }, sign);
  return el("nav", {}, button(-1, "‹", "Previous sample", data.before), button(1, "›", "Next sample", data.after));
}

function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".single");
  const picture = el("img", { src: data.src, alt: data.spoken, class: data.pixels ? "pixels" : "" });
  const facts = el("dl", {}, ...data.facts.flatMap(([term, text]) => [el("dt", {}, term), el("dd", {}, text)]));
  root.replaceChildren(el("figure", {}, picture, stepper(data, setTriggerValue)),
    el("div", { class: "side" }, el("div", {}, el("div", { class: "verdict" }, data.label), el("div", { class: "place" }, data.name, data.place ? ` · ${data.place}` : "")), ...data.models.map(bars), facts));
  root.tabIndex = -1;
  root.onkeydown = null;
  const pressed = (event) => {
    const step = STEPS[event.key], there = step < 0 ? data.before : data.after;
    if (!step || !there || event.target.closest?.("input, textarea, [role=combobox], [role=radiogroup]")) return;
    event.preventDefault();
    setTriggerValue("stepped", { step });
  };
  root.pressed && document.removeEventListener("keydown", root.pressed);
  root.pressed = pressed;
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", root.pressed);
}
