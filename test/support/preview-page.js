/**
 * What an app does to show a look before it is asked for: a table of `/v1/filters` as a texture, its vignette and grain as
 * numbers, and a shader. docs/looks.md says what it computes. WebGL 2 and nothing else, so that it can be read as an example. Textures and pixels keep the picture's top row
 * first; to show it on screen, flip y.
 */

const VERTEX = `#version 300 es
void main() {
  // One triangle that covers everything.
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1);
}`

const FRAGMENT = `#version 300 es
precision highp float;
precision highp sampler3D;
uniform sampler2D picture;
uniform sampler3D table;
uniform float strength;
uniform float vignette;
uniform float grain;
out vec4 shown;

vec3 look(vec3 color);
float grainAt(vec2 fromMiddle, float shorter);

void main() {
  vec4 pixel = texelFetch(picture, ivec2(gl_FragCoord.xy), 0);
  vec3 color = mix(pixel.rgb, look(pixel.rgb), strength);

  vec2 size = vec2(textureSize(picture, 0));
  // In pixels: the middle of the first one lies at 0.5.
  vec2 fromMiddle = gl_FragCoord.xy - size / 2.0;
  vec2 share = fromMiddle / (size / 2.0);
  float square = dot(share, share) / 2.0;
  color *= 1.0 - strength * vignette * square * square;

  float shorter = min(size.x, size.y);
  float light = dot(color, vec3(0.2126, 0.7152, 0.0722));
  float most = strength * grain * min(1.0, shorter / 320.0) * 4.0 * light * (1.0 - light);
  shown = vec4(color + most * grainAt(fromMiddle, shorter), pixel.a);
}

/** As random as its cell, which is a place of the picture, whatever the picture's size. */
float randomOf(ivec2 cell) {
  uint mixed = uint(cell.x) * 0x9e3779b1u ^ uint(cell.y) * 0x85ebca77u;
  mixed = (mixed ^ (mixed >> 16)) * 0x7feb352du;
  mixed = (mixed ^ (mixed >> 15)) * 0x846ca68bu;
  return float(int(mixed) >> 24) / 128.0;
}

float grainAt(vec2 fromMiddle, float shorter) {
  vec2 place = fromMiddle * 480.0 / max(shorter, 80.0);
  vec2 first = floor(place);
  vec2 rest = place - first;
  // A quadratic B-spline over three cells each way.
  vec2 begin = (1.0 - rest) * (1.0 - rest) / 2.0;
  vec2 end = rest * rest / 2.0;
  vec2 weights[3] = vec2[](begin, 1.0 - begin - end, end);
  float sum = 0.0;
  for (int down = 0; down < 3; down++)
    for (int across = 0; across < 3; across++)
      sum += weights[across].x * weights[down].y * randomOf(ivec2(first) + ivec2(across, down));
  return sum;
}
`

/** What most apps have at hand: the sampler's own interpolation, between the eight points around a color. */
const TRILINEAR = `
vec3 look(vec3 color) {
  float size = float(textureSize(table, 0).x);
  // The first and the last point lie half a texel inside the texture.
  return texture(table, (color * (size - 1.0) + 0.5) / size).rgb;
}`

/** What renditions are made with: four points, along the axis with the most of the way behind it first. */
const TETRAHEDRAL = `
const ivec3 AXES[3] = ivec3[](ivec3(1, 0, 0), ivec3(0, 1, 0), ivec3(0, 0, 1));

vec3 look(vec3 color) {
  int last = textureSize(table, 0).x - 1;
  vec3 place = color * float(last);
  ivec3 near = min(ivec3(place), last - 1);
  vec3 rest = place - vec3(near);

  float high = max(rest.r, max(rest.g, rest.b));
  float low = min(rest.r, min(rest.g, rest.b));
  float middle = rest.r + rest.g + rest.b - high - low;
  int first = rest.r == high ? 0 : rest.g == high ? 1 : 2;
  int final = rest.b == low && first != 2 ? 2 : rest.g == low && first != 1 ? 1 : 0;
  return (1.0 - high) * texelFetch(table, near, 0).rgb
    + (high - middle) * texelFetch(table, near + AXES[first], 0).rgb
    + (middle - low) * texelFetch(table, near + 1 - AXES[final], 0).rgb
    + low * texelFetch(table, near + 1, 0).rgb;
}`

const canvas = new OffscreenCanvas(1, 1)
const gl = canvas.getContext('webgl2', { antialias: false, premultipliedAlpha: false })
const tables = new Map()

/**
 * The picture (a PNG in base64) with the table at that URL, that vignette and that grain, at that strength: RGBA row by row, in
 * base64. `sampling` is "trilinear" or "tetrahedral".
 */
globalThis.preview = async ({ picture, table, sampling, strength, vignette, grain }) => {
  const bitmap = await bitmapOf(new Blob([Uint8Array.fromBase64(picture)]))
  if (!tables.has(table)) tables.set(table, await loadTable(table))
  const { points, size } = tables.get(table)

  const program = link(sampling === 'trilinear' ? TRILINEAR : TETRAHEDRAL)
  texture(program, 'picture', 0, gl.TEXTURE_2D, gl.NEAREST)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
  texture(program, 'table', 1, gl.TEXTURE_3D, sampling === 'trilinear' ? gl.LINEAR : gl.NEAREST)
  const [internal, type] = storageOf(points, sampling)
  gl.texImage3D(gl.TEXTURE_3D, 0, internal, size, size, size, 0, gl.RGBA, type, points)
  for (const [name, value] of Object.entries({ strength, vignette, grain }))
    gl.uniform1f(gl.getUniformLocation(program, name), value)

  canvas.width = bitmap.width
  canvas.height = bitmap.height
  gl.viewport(0, 0, canvas.width, canvas.height)
  gl.drawArrays(gl.TRIANGLES, 0, 3)
  const pixels = new Uint8Array(canvas.width * canvas.height * 4)
  gl.readPixels(0, 0, canvas.width, canvas.height, gl.RGBA, gl.UNSIGNED_BYTE, pixels)
  if (gl.getError() !== gl.NO_ERROR) throw new Error('WebGL failed')
  return pixels.toBase64()
}

/** The points of a `.cube` file as floats, or of a HALD as bytes; RGBA, red fastest, as 3-D textures want them. */
async function loadTable(url) {
  const reply = await fetch(url)
  if (!reply.headers.get('content-type').startsWith('image/')) return parseCube(await reply.text())
  const { data } = pixelsOf(await bitmapOf(await reply.blob()))
  return { points: new Uint8Array(data.buffer), size: Math.cbrt(data.length / 4) }
}

function parseCube(text) {
  const size = Number(/^LUT_3D_SIZE (\d+)/m.exec(text)[1])
  const colors = text.split('\n').filter((line) => /^[-\d.]/.test(line))
  return { points: new Float32Array(colors.flatMap((line) => [...line.split(' ').map(Number), 1])), size }
}

/** Half floats are what every device can interpolate; whole ones only where nothing is to be interpolated. */
function storageOf(points, sampling) {
  if (!(points instanceof Float32Array)) return [gl.RGBA8, gl.UNSIGNED_BYTE]
  return [sampling === 'trilinear' ? gl.RGBA16F : gl.RGBA32F, gl.FLOAT]
}

/** The file's own numbers: what the browser would convert for the screen is not what the table is for. */
async function bitmapOf(blob) {
  return await createImageBitmap(blob, { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
}

function pixelsOf(bitmap) {
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d')
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, bitmap.width, bitmap.height)
}

/** A texture of its own for the sampler of that name, bound and ready to be filled. */
function texture(program, name, unit, target, filter) {
  gl.activeTexture(gl.TEXTURE0 + unit)
  gl.deleteTexture(gl.getParameter(target === gl.TEXTURE_2D ? gl.TEXTURE_BINDING_2D : gl.TEXTURE_BINDING_3D))
  gl.bindTexture(target, gl.createTexture())
  for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T, gl.TEXTURE_WRAP_R]) {
    gl.texParameteri(target, side, gl.CLAMP_TO_EDGE)
  }
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, filter)
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, filter)
  gl.uniform1i(gl.getUniformLocation(program, name), unit)
}

function link(look) {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT + look],
  ]) {
    const shader = gl.createShader(type)
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program))
  gl.useProgram(program)
  return program
}
