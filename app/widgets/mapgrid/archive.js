/* Files made in the browser: PNG from canvases, NPZ (a zip of .npy), zip without compression. */

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

function header(size, fields) {
  const view = new DataView(new ArrayBuffer(size));
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 4) view.setUint32(at, value, true); else view.setUint16(at, value, true);
    at += width;
  }
  return new Uint8Array(view.buffer);
}

/** [[name, bytes]] -> Blob of a zip file. Flag 0x800 says that the names are UTF-8. */
function zip(files, type = "application/zip") {
  const parts = [], directory = [], encoder = new TextEncoder();
  let offset = 0;
  for (const [name, bytes] of files) {
    const label = encoder.encode(name), crc = crc32(bytes), size = bytes.length;
    const common = [[2, 20], [2, 0x800], [2, 0], [2, 0], [2, 33], [4, crc], [4, size], [4, size], [2, label.length], [2, 0]];
    const local = header(30, [[4, 0x04034b50], ...common]);
    parts.push(local, label, bytes);
    directory.push(header(46, [[4, 0x02014b50], [2, 20], ...common, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), label);
    offset += local.length + label.length + size;
  }
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  const counts = [[2, files.length], [2, files.length], [4, length], [4, offset], [2, 0]];
  return new Blob([...parts, ...directory, header(22, [[4, 0x06054b50], [2, 0], [2, 0], ...counts])], { type });
}

/** Float32Array -> the bytes of a .npy file. */
function npy(values, shape) {
  const about = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const text = about.padEnd(Math.ceil((about.length + 11) / 64) * 64 - 11) + "\n";
  const head = [0x93, ..."NUMPY"].map((c) => (typeof c === "string" ? c.charCodeAt(0) : c));
  const bytes = new Uint8Array(10 + text.length + values.length * 4);
  bytes.set([...head, 1, 0, text.length & 255, text.length >> 8]);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.length * 4), 10 + text.length);
  return bytes;
}

async function bytesOf(blob) {
  return new Uint8Array(await blob.arrayBuffer());
}

/** raw (h, w) as computed, map (H, W) the display form at the network's input size. */
async function npz(map) {
  return zip([["raw.npy", npy(map.values, map.shape)], ["map.npy", npy(displayForm(map), map.input)]]);
}

/** The map alone, or over the part of the picture that the network sees. */
function png(tile, over) {
  const [left, top, right, bottom] = tile.row.view, picture = tile.picture, image = tile.image;
  const width = 640, height = Math.round((width * (bottom - top) * picture.height) / ((right - left) * picture.width));
  const canvas = el("canvas", { width, height }), context = canvas.getContext("2d");
  context.fillStyle = "#000";
  context.fillRect(0, 0, width, height);
  const across = width / (right - left), down = height / (bottom - top);
  if (over) context.drawImage(image, -left * across, -top * down, across, down);
  context.globalAlpha = over ? tile.grid.settings.opacity : 1;
  context.imageSmoothingEnabled = tile.grid.settings.smooth;
  if (!tile.empty) context.drawImage(tile.canvas, 0, 0, width, height);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function save(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
