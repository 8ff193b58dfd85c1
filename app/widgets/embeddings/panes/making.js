/* Small things that the other files share: icons, addresses, colours of the theme. */

const ICONS = {
  move: "M12 2l3 3h-2v6h6V9l3 3-3 3v-2h-6v6h2l-3 3-3-3h2v-6H5v2l-3-3 3-3v2h6V5H9z",
  lasso: "M12 4c-5 0-9 2.5-9 6 0 2.3 1.7 4.200 4.300 5.200-.6 1.500-.3 3.300 1.500 4.600l1.100-1.500c-1-.7-1.200-1.500-.9-2.600 1 .2 2 .3 3 .3 5 0 9-2.500 9-6s-4-6-9-6zm0 2c4 0 7 1.800 7 4s-3 4-7 4-7-1.800-7-4 3-4 7-4z",
  box: "M4 4h4v2H6v2H4zm6 0h4v2h-4zm6 0h4v4h-2V6h-2zM4 10h2v4H4zm14 0h2v4h-2zM4 16h2v2h2v2H4zm14 0h2v4h-4v-2h2zm-8 2h4v2h-4z",
  reset: "M4 4h6v2H7.400l3.300 3.300-1.400 1.400L6 7.400V10H4zm10 0h6v6h-2V7.400l-3.300 3.300-1.400-1.400L16.600 6H14zM9.300 13.300l1.400 1.400L7.400 18H10v2H4v-6h2v2.600zm5.400 0L18 16.600V14h2v6h-6v-2h2.600l-3.300-3.300z",
  morph: "M7 4v3h9a4 4 0 0 1 4 4v1h-2v-1a2 2 0 0 0-2-2H7v3L2.500 8zm10 16v-3H8a4 4 0 0 1-4-4v-1h2v1a2 2 0 0 0 2 2h9v-3l4.500 4z",
  save: "M11 3h2v9l3-3 1.400 1.400L12 15.800l-5.400-5.400L8 9l3 3zM4 17h2v2h12v-2h2v4H4z",
};

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** An address of this server, below the path that it has for this browser, whatever stands between the two. */
function address(url) {
  const at = url.indexOf("/cutaway/");
  if (!url.startsWith("/") || at < 0) return url;
  const script = document.querySelector('script[src*="/static/js/"]')?.src;
  return script ? script.slice(0, script.indexOf("/static/js/")) + url.slice(at) : url;
}

const count = (n) => n.toLocaleString("en-US");

function rgb(hex) {
  const value = parseInt(hex.slice(1, 7), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

const PROBE = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/** Any CSS colour as three shares. */
function shares(colour, otherwise) {
  PROBE.canvas.width = PROBE.canvas.height = 1;
  PROBE.fillStyle = otherwise;
  PROBE.fillStyle = colour || otherwise;
  PROBE.fillRect(0, 0, 1, 1);
  return [...PROBE.getImageData(0, 0, 1, 1).data.slice(0, 3)].map((v) => v / 255);
}

function css([r, g, b], alpha = 1) {
  return `rgba(${Math.round(255 * r)},${Math.round(255 * g)},${Math.round(255 * b)},${alpha})`;
}

/** The theme's colours, asked for whenever everything is drawn. */
function readTheme(view) {
  const style = getComputedStyle(view.root), of = (name) => style.getPropertyValue(name).trim();
  const paper = shares(of("--st-background-color"), "#fff"), ink = shares(of("--st-text-color"), "#222");
  const grey = paper.map((v, i) => 0.55 * v + 0.45 * ink[i]);
  view.theme = { paper, ink, grey, accent: shares(of("--st-primary-color"), "#0b6e69"), font: style.fontFamily };
}

/** The colour of a sample, as shares. */
function colourOf(view, slot) {
  const { colour, codes, theme } = view, code = codes?.[slot];
  if (code === undefined || code === view.none || !view.palette.length) return theme.grey;
  return colour.kind === "number" ? view.ramp[Math.round((code / 65534) * 255)] : view.palette[code];
}
