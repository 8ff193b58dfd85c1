/* Colours: ramps from their anchors, fields to pixels, colour bars. */

const RAMPS = new Map();

/** 256 RGB triples between the anchors of a named ramp. */
function ramp(name, palettes) {
  if (RAMPS.has(name)) return RAMPS.get(name);
  const anchors = palettes[name].map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
  const table = new Uint8ClampedArray(256 * 3);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (anchors.length - 1), low = Math.min(Math.floor(at), anchors.length - 2);
    for (let c = 0; c < 3; c++) table[3 * i + c] = anchors[low][c] + (anchors[low + 1][c] - anchors[low][c]) * (at - low);
  }
  RAMPS.set(name, table);
  return table;
}

/** 0-1 values -> ImageData. With `fade`, weak values let the picture through. */
function coloured(values, [H, W], table, fade, diverging) {
  const image = new ImageData(W, H), pixels = image.data;
  for (let i = 0; i < values.length; i++) {
    const at = 3 * Math.round(values[i] * 255);
    pixels[4 * i] = table[at];
    pixels[4 * i + 1] = table[at + 1];
    pixels[4 * i + 2] = table[at + 2];
    const strength = diverging ? 2 * Math.abs(values[i] - 0.5) : values[i];
    pixels[4 * i + 3] = fade ? 255 * Math.min(strength * 1.6, 1) : 255;
  }
  return image;
}

/** Every cell as a block of one colour, for those who want to see the map's own resolution. */
function blocks(values, [h, w], [H, W]) {
  const out = new Float32Array(H * W);
  for (let y = 0; y < H; y++) {
    const row = Math.min(Math.floor((y * h) / H), h - 1) * w;
    for (let x = 0; x < W; x++) out[y * W + x] = values[row + Math.min(Math.floor((x * w) / W), w - 1)];
  }
  return out;
}

/** Paint one map into a canvas; returns the span of its colours. */
function paint(canvas, map, settings, sharing, palettes) {
  const flip = FLIPS[settings.range], field = fieldOf(map, flip);
  const span = spanOf(map, settings, sharing), diverging = diverges(settings, span);
  const values = settings.smooth ? field.drawn : blocks(flipped(map, flip), map.shape, field.size);
  const table = ramp(diverging ? settings.diverging : settings.sequential, palettes);
  [canvas.height, canvas.width] = field.size;
  const image = coloured(unit(values, span, diverging), field.size, table, settings.fade, diverging);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return { span, diverging, raw: stretches(settings) ? rawExtent(map, flip) : span };
}

/** What the numbers at the ends of a colour bar are. */
function meaning({ span, raw }, settings) {
  if (settings.range === "custom") return "Raw values at the ends of the colours; what lies beyond has the end's colour";
  if (figures(raw[0]) === figures(span[0]) && figures(raw[1]) === figures(span[1])) return "Raw values at the ends of the colours";
  return `The colours span the map as smoothed to the network's input, ${figures(span[0])} to ${figures(span[1])}; `
    + `its raw cells go from ${figures(raw[0])} to ${figures(raw[1])}`;
}

/** A strip of the ramp with the numbers at its ends, and zero where the colours have their middle there. */
function colourBar(painted, settings, palettes) {
  const { span: [low, high], diverging } = painted;
  const table = ramp(diverging ? settings.diverging : settings.sequential, palettes);
  const strip = el("canvas", { class: "strip", width: 256, height: 1 });
  const image = new ImageData(256, 1);
  const far = Math.max(Math.abs(low), Math.abs(high));
  for (let i = 0; i < 256; i++) {
    const value = low + ((high - low) * i) / 255;
    const at = 3 * Math.round(255 * (diverging ? 0.5 + value / (2 * far || 1) : i / 255));
    image.data.set([table[at], table[at + 1], table[at + 2], 255], 4 * i);
  }
  strip.getContext("2d").putImageData(image, 0, 0);
  const sign = settings.range === "negative" ? -1 : 1;
  const zero = (-100 * low) / (high - low);
  const middle = diverging && zero > 20 && zero < 80 ? [el("span", { class: "zero", style: `left:${zero}%` }, "0")] : [];
  return el("div", { class: "bar", title: meaning(painted, settings) },
    strip, el("div", { class: "ends" }, el("span", {}, figures(sign * low)), ...middle, el("span", {}, figures(sign * high))));
}
