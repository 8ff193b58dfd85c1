/* Everything at once: a zip of all maps, and a report that works without a server. */

async function saveAll(grid) {
  const files = [], manifest = [];
  for (const tile of grid.tiles) {
    const { map, row } = tile;
    files.push([`${map.file}.overlay.png`, await bytesOf(await png(tile, true))]);
    files.push([`${map.file}.map.png`, await bytesOf(await png(tile, false))]);
    files.push([`${map.file}.npz`, await bytesOf(await npz(map))]);
    const { values, fields, raw, extent, input, ...about } = map;
    manifest.push({ ...about, picture: tile.picture.name, digest: row.picture, classifier: row.classifier, fingerprint: row.fingerprint });
  }
  const text = JSON.stringify({ settings: grid.settings, maps: manifest }, null, 1);
  files.push(["manifest.json", new TextEncoder().encode(text)]);
  save(zip(files), "cutaway-maps.zip");
}

/** One HTML file with the data, the style and this very renderer in it. */
function saveReport(grid) {
  const { css, js } = grid.data.assets;
  const { assets, ...data } = grid.source;
  const quoted = (value) => JSON.stringify(value).replace(/</g, "\\u003c");
  const names = Object.values(data.pictures).map((picture) => picture.name).join(", ");
  const title = el("div", {}, `Cutaway: ${names}`).innerHTML;
  const theme = THEME_VARIABLES.map((name) => `${name}:${grid.theme(name)}`).join(";");
  const start = `mount({ data: DATA, settings: SETTINGS, parentElement: document.body })`;
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title>
<meta name="viewport" content="width=device-width"><style>:root{${theme}}
body{margin:1.5rem auto;padding:0 1rem;max-width:1400px;background:var(--st-background-color);font-family:system-ui,sans-serif}
${css}</style></head><body><div class="mapgrid"></div><script>
const DATA = ${quoted(data)}, SETTINGS = ${quoted(grid.settings)};
${js.replace(/<\/script/g, "<\\/script")}
${start};</script></body></html>`;
  save(new Blob([page], { type: "text/html" }), "cutaway-report.html");
}
