/* Thumbnails: a click shows one picture alone, the corner adds it to those on show or takes it away. */

function thumb({ id, name, src, chosen }, act) {
  const item = document.createElement("div");
  item.className = chosen ? "item chosen" : "item";
  const pick = document.createElement("button");
  pick.type = "button";
  pick.className = "pick";
  pick.title = name;
  pick.setAttribute("aria-label", `Explain ${name}`);
  pick.setAttribute("aria-pressed", String(chosen));
  pick.onclick = (event) => act("picked", { id, add: event.ctrlKey || event.metaKey || event.shiftKey });
  const image = document.createElement("img");
  image.src = src;
  image.alt = "";
  pick.append(image);
  const corner = document.createElement("button");
  corner.type = "button";
  corner.className = "corner";
  corner.textContent = chosen ? "✓" : "+";
  corner.title = chosen ? `Take ${name} away` : `Add ${name}`;
  corner.setAttribute("aria-label", corner.title);
  corner.onclick = () => act("picked", { id, add: true });
  item.append(pick, corner);
  return item;
}

function mount({ data, parentElement, setTriggerValue }) {
  parentElement.querySelector(".gallery").replaceChildren(...data.items.map((item) => thumb(item, setTriggerValue)));
}
