/* Numbers: from a signed raw map to the field that is drawn. The display form is ReLU, min-max, bilinear
   (align_corners=False), min-max; as bilinear weights sum to one, one min-max at the end says the same. */

const FLIPS = { positive: "relu", negative: "negative", full: "signed", symmetric: "signed", custom: "signed" };

/** base64 of little-endian float32 -> Float32Array */
function decodeRaw(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** Where each output row (or column) reads: two neighbours and the weight of the second. */
function taps(from, to) {
  const low = new Int32Array(to), high = new Int32Array(to), weight = new Float32Array(to);
  for (let i = 0; i < to; i++) {
    const at = Math.max((i + 0.5) * (from / to) - 0.5, 0);
    low[i] = Math.min(Math.floor(at), from - 1);
    high[i] = Math.min(low[i] + 1, from - 1);
    weight[i] = at - low[i];
  }
  return { low, high, weight };
}

/** (h, w) values -> (H, W), bilinear as torch does it with align_corners=False. */
function upsample(values, [h, w], [H, W]) {
  if (h === H && w === W) return values;
  const rows = taps(h, H), columns = taps(w, W), out = new Float32Array(H * W);
  for (let y = 0; y < H; y++) {
    const top = rows.low[y] * w, bottom = rows.high[y] * w, down = rows.weight[y];
    for (let x = 0; x < W; x++) {
      const left = columns.low[x], right = columns.high[x], across = columns.weight[x];
      const above = values[top + left] * (1 - across) + values[top + right] * across;
      const below = values[bottom + left] * (1 - across) + values[bottom + right] * across;
      out[y * W + x] = above * (1 - down) + below * down;
    }
  }
  return out;
}

function extent(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** The map as "relu", "negative" or "signed", at its own resolution. */
function flipped(map, flip) {
  if (flip === "signed") return map.values;
  const sign = flip === "negative" ? -1 : 1;
  return map.values.map((value) => Math.max(sign * value, 0));
}

/** The field at the network's input size with its extent, and the finer one that is drawn; kept per flip. */
function fieldOf(map, flip) {
  map.fields ??= {};
  if (!map.fields[flip]) {
    const source = flipped(map, flip);
    const atInput = upsample(source, map.shape, map.input);
    const finer = Math.max(1, Math.round(256 / Math.max(...map.input)));
    const size = map.input.map((side) => side * finer);
    const drawn = finer === 1 ? atInput : upsample(source, map.shape, size);
    map.fields[flip] = { atInput, drawn, size, extent: extent(atInput) };
  }
  return map.fields[flip];
}

/** The lowest and highest raw value, as they are after the flip. */
function rawExtent(map, flip) {
  const [low, high] = (map.extent ??= extent(map.values));
  if (flip === "signed") return [low, high];
  return flip === "negative" ? [Math.max(-high, 0), Math.max(-low, 0)] : [Math.max(low, 0), Math.max(high, 0)];
}

/** Whether the colours span the smoothed map, as the display form does; else they span the raw values. */
function stretches(settings) {
  return settings.range === "positive" && settings.scale === "each" && settings.smooth;
}

/** The lowest and highest value that the colours span, over the maps that share one scale. */
function spanOf(map, settings, sharing) {
  if (settings.range === "custom") return [settings.low, settings.high];
  if (stretches(settings)) return fieldOf(map, "relu").extent;
  const extents = (settings.scale === "each" ? [map] : sharing).map((m) => rawExtent(m, FLIPS[settings.range]));
  let low = Math.min(...extents.map((e) => e[0])), high = Math.max(...extents.map((e) => e[1]));
  if (settings.scale !== "each" && FLIPS[settings.range] !== "signed") low = 0;
  if (settings.range === "symmetric") { high = Math.max(Math.abs(low), Math.abs(high)); low = -high; }
  return [low, high];
}

/** Whether the colours have a middle at zero. */
function diverges(settings, [low, high]) {
  return settings.range === "symmetric" || (settings.range === "custom" && low < 0 && high > 0);
}

/** The 0-1 values of a field between low and high; around zero where the colours diverge. */
function unit(values, [low, high], diverging) {
  const out = new Float32Array(values.length);
  if (high <= low) return out;
  const far = Math.max(Math.abs(low), Math.abs(high));
  for (let i = 0; i < values.length; i++) {
    const value = Math.min(Math.max(values[i], low), high);
    out[i] = diverging ? 0.5 + value / (2 * far) : (value - low) / (high - low);
  }
  return out;
}

/** The display form at the network's input size, 0-1: what the store's and the command line's maps hold. */
function displayForm(map) {
  const field = fieldOf(map, "relu");
  return unit(field.atInput, field.extent, false);
}

/** Why nothing is drawn, or null. */
function nothingToShow(map, settings) {
  const [low, high] = (map.extent ??= extent(map.values));
  if (low === 0 && high === 0) return { text: map.remarks[0] ?? "Every value is zero." };
  if (settings.range === "positive" && high <= 0) return { text: "No positive evidence.", offer: "negative" };
  if (settings.range === "negative" && low >= 0) return { text: "No evidence against.", offer: "positive" };
  return null;
}

/** That what is drawn at full strength is small beside what is not drawn; empty where it is not. */
function faint(map, settings) {
  const [low, high] = map.extent, ratio = settings.range === "positive" ? -low / high : -high / low;
  if (!map.signed || map.agnostic || !["positive", "negative"].includes(settings.range) || ratio < 5) return "";
  return `Faint: evidence ${settings.range === "positive" ? "against" : "for"} is ${ratio < 100 ? Math.round(ratio) : "over 100"}× stronger`;
}

/** A number as a person reads it: three figures. */
function figures(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(1).replace("e+", "e").replace("-", "−").replace("e-", "e−");
  return Number(value.toPrecision(3)).toString().replace("-", "−");
}
