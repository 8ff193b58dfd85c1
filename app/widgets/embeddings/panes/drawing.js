/* All panes on one WebGL2 canvas: one context, one set of colours, a file of places for each pane. */

const VERTEX = `#version 300 es
precision highp float;
layout(location = 0) in vec3 a;
layout(location = 1) in vec3 b;
layout(location = 2) in float code;
uniform mat4 from, to;
uniform float t, size, none, alpha, fade, distance;
uniform bool number;
uniform vec3 grey, paper;
uniform sampler2D palette;
out vec4 ink;
out float wide;
void main() {
  bool lost = a.x > 0.999993 || (t > 0.0 && b.x > 0.999993);
  vec4 p = from * vec4(a, 1.0);
  float far = distance > 0.0 ? p.w / distance : 1.0;
  if (t > 0.0) {
    vec4 q = to * vec4(b, 1.0);
    p = vec4(mix(p.xyz / p.w, q.xyz / q.w, t), 1.0);
    far = 1.0;
  }
  gl_Position = lost ? vec4(2.0, 2.0, 2.0, 1.0) : p;
  wide = max(1.0, size / clamp(far, 0.4, 2.0));
  gl_PointSize = wide;
  int at = number ? int(code / 65534.0 * 255.0 + 0.5) : int(code);
  vec3 colour = code == none ? grey : texelFetch(palette, ivec2(at & 255, at >> 8), 0).rgb;
  colour = mix(colour, grey, fade);
  colour = mix(colour, paper, clamp((far - 0.85) * 0.9, 0.0, 0.5));
  ink = vec4(colour, alpha);
}`;

const FRAGMENT = `#version 300 es
precision highp float;
uniform vec3 paper;
uniform bool solid;
in vec4 ink;
in float wide;
out vec4 found;
void main() {
  float edge = 2.0 / wide, away = length(gl_PointCoord * 2.0 - 1.0);
  float cover = wide < 2.5 ? 1.0 : 1.0 - smoothstep(1.0 - edge, 1.0, away);
  if (cover <= (solid ? 0.4 : 0.0)) discard;
  float rim = wide < 7.0 ? 0.0 : 0.75 * smoothstep(1.0 - 2.0 * edge, 1.0 - edge, away);
  found = vec4(mix(ink.rgb, paper, rim), 1.0) * (ink.a * cover);
}`;

/** A context with its program; null where the browser has no WebGL2. */
function makeDrawer(view) {
  const gl = view.glass.getContext("webgl2", { antialias: false, alpha: true, preserveDrawingBuffer: true, powerPreference: "high-performance" });
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) return null;
  const at = {};
  for (const name of ["from", "to", "t", "size", "none", "alpha", "fade", "distance", "number", "grey", "paper", "palette", "solid"]) at[name] = gl.getUniformLocation(program, name);
  return { gl, program, at, buffers: new Map(), index: gl.createBuffer(), codes: gl.createBuffer(), palette: gl.createTexture(), most: gl.getParameter(gl.ALIASED_POINT_SIZE_RANGE)[1] };
}

/** Colours by code, and for numbers 256 shades. */
function readColours(view) {
  const { colour } = view, given = colour.palette.map(rgb);
  view.palette = given;
  view.ramp = Array.from({ length: 256 }, (_, i) => {
    const place = (i / 255) * Math.max(0, given.length - 1), low = Math.floor(place), high = Math.min(low + 1, given.length - 1);
    return given.length ? given[low].map((v, k) => v + (given[high][k] - v) * (place - low)) : [0.5, 0.5, 0.5];
  });
}

/** What changed goes to the graphics card. */
function uploadAll(view) {
  const { drawer } = view;
  if (!drawer || !view.ready) return;
  const { gl, buffers } = drawer, used = new Set();
  for (const { spec, places } of view.panes) {
    if (!places) continue;
    used.add(spec.points);
    if (buffers.has(spec.points)) continue;
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, places, gl.STATIC_DRAW);
    buffers.set(spec.points, buffer);
  }
  for (const [url, buffer] of buffers) {
    if (used.has(url)) continue;
    gl.deleteBuffer(buffer);
    buffers.delete(url);
  }
  if (drawer.codesAre !== view.codes) {
    gl.bindBuffer(gl.ARRAY_BUFFER, drawer.codes);
    gl.bufferData(gl.ARRAY_BUFFER, view.codes ?? new Uint8Array(1), gl.STATIC_DRAW);
    drawer.codesAre = view.codes;
  }
  uploadColours(view);
  uploadIndex(view);
}

function uploadIndex(view) {
  const { drawer } = view;
  if (drawer) {
    drawer.gl.bindBuffer(drawer.gl.ELEMENT_ARRAY_BUFFER, drawer.index);
    drawer.gl.bufferData(drawer.gl.ELEMENT_ARRAY_BUFFER, view.index, drawer.gl.DYNAMIC_DRAW);
  }
  schedule(view);
}

function uploadColours(view) {
  const { gl, palette } = view.drawer, shades = view.colour.kind === "number" ? view.ramp : view.palette;
  const rows = Math.max(1, Math.ceil(shades.length / 256)), bytes = new Uint8Array(rows * 256 * 4).fill(255);
  shades.forEach((colour, i) => colour.forEach((v, k) => { bytes[i * 4 + k] = Math.round(255 * v); }));
  gl.bindTexture(gl.TEXTURE_2D, palette);
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, rows, 0, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
  gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
}

/** Pixels across: fewer points are larger, and they grow a little as one comes closer. */
function pointSize(pane, many = pane.view.faded + pane.view.bright) {
  const room = Math.sqrt(pane.box.width * pane.box.height) / 450;
  const usual = Math.max(1.6, Math.min(10, 14.5 - 2.45 * Math.log10(Math.max(many, 10))));
  return Math.min(16, usual * Math.min(1.25, Math.max(0.75, room)) * Math.max(1, cameraOf(pane).zoom) ** 0.33);
}

/** Few that are selected among many stand out. */
function litSize(pane) {
  const { faded, bright } = pane.view, usual = pointSize(pane);
  return faded ? Math.min(2.2 * usual, Math.max(1.12 * usual, 0.9 * pointSize(pane, bright))) : usual;
}

/** One pane's points, in its part of the canvas. */
function drawPoints(pane) {
  const { view, box } = pane, { drawer, theme } = view, { gl, at } = drawer, scale = view.scale;
  const left = Math.round(box.left * scale), width = Math.round(box.width * scale), height = Math.round(box.height * scale);
  const bottom = view.glass.height - Math.round(box.top * scale) - height;
  gl.enable(gl.SCISSOR_TEST);
  gl.scissor(left, bottom, width, height);
  gl.viewport(left, bottom, width, height);
  gl.clearColor(0, 0, 0, 0);
  gl.depthMask(true);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
  const source = sourceOf(pane), morph = pane.morph, goal = morph ? view.panes[morph.to] : source;
  const here = drawer.buffers.get(source.spec.points), there = drawer.buffers.get(goal.spec.points);
  if (!source.places || !goal.places || !here || !there || !view.ready) return;
  const solid = source.spec.dims === 3, number = view.colour.kind === "number";
  gl.useProgram(drawer.program);
  gl.uniformMatrix4fv(at.from, false, matrixOfPlaces(pane, source));
  gl.uniformMatrix4fv(at.to, false, matrixOfPlaces(pane, goal));
  gl.uniform1f(at.t, morph ? morph.t : 0);
  gl.uniform1f(at.none, view.none);
  gl.uniform1f(at.distance, solid ? DISTANCE : 0);
  gl.uniform1i(at.number, number ? 1 : 0);
  gl.uniform1i(at.solid, solid ? 1 : 0);
  gl.uniform3fv(at.grey, theme.grey);
  gl.uniform3fv(at.paper, theme.paper);
  gl.bindTexture(gl.TEXTURE_2D, drawer.palette);
  gl.uniform1i(at.palette, 0);
  attribute(gl, 0, here, source.spec.dims, gl.UNSIGNED_SHORT, true);
  attribute(gl, 1, there, goal.spec.dims, gl.UNSIGNED_SHORT, true);
  if (view.codes) attribute(gl, 2, drawer.codes, 1, view.codes.BYTES_PER_ELEMENT === 1 ? gl.UNSIGNED_BYTE : gl.UNSIGNED_SHORT, false);
  else { gl.disableVertexAttribArray(2); gl.vertexAttrib1f(2, view.none); }
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, drawer.index);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const size = pointSize(pane) * scale;
  draw(view, 0, view.faded, { size: Math.max(scale, size * 0.85), alpha: 0.28, fade: 0.65, depth: false });
  const dense = Math.log10(Math.max(1000, view.bright / cameraOf(pane).zoom ** 2)) - 3; // of so many as are in view
  const alpha = solid || (view.faded && view.bright < 1000) ? 1 : Math.max(0.6, 0.9 - 0.17 * dense);
  draw(view, view.faded, view.bright, { size: litSize(pane) * scale, alpha, fade: 0, depth: solid && !morph });
}

function attribute(gl, place, buffer, size, type, shared) {
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, size, type, shared, 0, 0);
}

/** While the picture moves and that is slow, a fair part of the points stands for all of them. */
function draw(view, from, many, { size, alpha, fade, depth }) {
  const { gl, at, most } = view.drawer, part = Math.ceil(many * (view.moving ? view.part : 1));
  if (!part) return;
  gl.uniform1f(at.size, Math.min(most, size));
  gl.uniform1f(at.alpha, alpha);
  gl.uniform1f(at.fade, fade);
  gl[depth ? "enable" : "disable"](gl.DEPTH_TEST);
  gl.depthMask(depth);
  gl.drawElements(gl.POINTS, part, gl.UNSIGNED_INT, from * 4);
}
