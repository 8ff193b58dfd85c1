/* Cards of methods: one group is open, a click chooses a card or lets it go. */

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text) made.textContent = text;
  return made;
}

function card(given, act) {
  const made = element("button", "card");
  made.type = "button";
  made.disabled = Boolean(given.against) && !given.chosen;
  made.setAttribute("aria-pressed", String(given.chosen));
  made.title = `${given.label}. ${given.what}\n${given.paper}`;
  const title = element("span", "title", given.label);
  title.append(element("span", "mark", "✓"));
  const what = element("span", given.against ? "what against" : "what", given.against || given.what);
  const needs = element("span", "needs");
  needs.append(...given.needs.map((words) => element("span", "", words)));
  made.append(title, what, needs, element("span", "paper", given.paper));
  made.onclick = () => act("picked", { name: given.name, at: Date.now() });
  return made;
}

function sheet(group, act) {
  const made = element("div", "sheet");
  made.append(...group.cards.map((given) => card(given, act)));
  return made;
}

function tab(group, open, show) {
  const made = element("button", "group", group.title);
  made.type = "button";
  made.setAttribute("role", "tab");
  made.setAttribute("aria-selected", String(open));
  const count = group.cards.filter((given) => given.chosen).length;
  if (count) made.append(element("span", "count", String(count)));
  made.onclick = show;
  return made;
}

function mount({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".methodcards");
  const chosen = data.groups.findIndex((group) => group.cards.some((given) => given.chosen));
  if (place.open === undefined || place.open >= data.groups.length) place.open = Math.max(chosen, 0);
  function draw() {
    const groups = element("div", "groups");
    groups.setAttribute("role", "tablist");
    groups.append(...data.groups.map((group, number) => tab(group, number === place.open, () => show(number))));
    const open = data.groups[place.open];
    place.replaceChildren(groups, element("p", "note", open.note), sheet(open, setTriggerValue));
  }
  function show(number) {
    place.open = number;
    draw();
  }
  draw();
}
