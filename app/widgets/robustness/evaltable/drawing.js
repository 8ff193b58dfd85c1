/* Small drawings of the evaluation table: elements, colours of cells, histograms, curves. */

function element(tag, name, text) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  if (text !== undefined && text !== "") made.textContent = text;
  return made;
}

function drawn(tag, settings) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(settings)) made.setAttribute(name, value);
  return made;
}

const HUES = { good: "var(--st-primary-color)", bad: "var(--st-red-color, #B3402E)", plain: "var(--st-blue-color, #2F6690)" };

/* share: 0 to 1 of the ramp; below 0 for what a diverging ramp has on its other side */
function paint(share, hue) {
  const strength = Math.min(Math.abs(share), 1), own = share < 0 ? HUES.bad : HUES[hue];
  return {
    background: `color-mix(in srgb, ${own} ${(5 + 87 * strength).toFixed(0)}%, var(--paper))`,
    ink: strength > 0.74 ? "var(--paper)" : "var(--st-text-color)",
  };
}

/* counts: of the bins, from 0 to 99 of the fullest */
function outline(counts) {
  let path = "M0 100";
  counts.forEach((count, i) => { path += `V${100 - count}H${i + 1}`; });
  return `${path}V100Z`;
}

function silhouette(counts) {
  const made = drawn("svg", { viewBox: `0 0 ${counts.length} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
  made.append(drawn("path", { d: outline(counts), fill: "currentColor" }));
  return made;
}

/* The same, large: what is below `split` (0 to 1 of the width) in the colour of what is wrong */
function histogram(counts, split) {
  const wide = counts.length, made = drawn("svg", { viewBox: `0 0 ${wide} 100`, preserveAspectRatio: "none", height: 46 });
  const at = split === null ? 0 : split * wide;
  counts.forEach((count, i) => {
    const fill = split !== null && i + 0.5 < at ? "var(--st-red-color, #B3402E)" : "var(--st-primary-color)";
    made.append(drawn("rect", { x: i + 0.06, y: 100 - count, width: 0.88, height: count, fill }));
  });
  if (split !== null && at > 0 && at < wide) {
    made.append(drawn("line", { x1: at, x2: at, y1: 0, y2: 100, stroke: "var(--st-text-color)", "stroke-width": 1, "vector-effect": "non-scaling-stroke" }));
  }
  return made;
}

/* levels: shares of the range from 0 to 1 at the severities 1 to 5, null where there is none */
function curve(levels) {
  const made = drawn("svg", { viewBox: "0 0 228 44", height: 44 });
  const points = levels.map((share, i) => (share === null ? null : [14 + 50 * i, 38 - 32 * share])).filter(Boolean);
  made.append(drawn("polyline", { points: points.join(" "), fill: "none", stroke: "var(--st-primary-color)", "stroke-width": 1.6 }));
  for (const [x, y] of points) made.append(drawn("circle", { cx: x, cy: y, r: 2.6, fill: "var(--st-primary-color)" }));
  return made;
}
