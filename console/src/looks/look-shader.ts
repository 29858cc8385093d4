import type { ColorTable } from '../../../src/photo/look/color-table.ts'
import type { CompiledLook } from '../../../src/photo/look/compiled-look.ts'
import { shorterOf, wholeEffects } from '../../../src/photo/look/effect-lattice.ts'
import { pointsOf } from '../../../src/photo/look/plain-table.ts'

/** One triangle that covers everything. */
const VERTEX = `#version 300 es
void main() {
  gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4.0 - 1.0, 0, 1);
}`

/** What src/photo/look/plain-table.ts and then plain-effects.ts do, in the same whole numbers. */
const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
precision highp usampler2D;
precision highp isampler3D;
uniform usampler2D picture;
uniform isampler3D points;
uniform int vignette;
uniform int grain;
uniform int shorter;
out vec4 shown;

const ivec3 RED = ivec3(1, 0, 0);
const ivec3 GREEN = ivec3(0, 1, 0);
const ivec3 BLUE = ivec3(0, 0, 1);

ivec3 lookUp(ivec3 color) {
  int last = textureSize(points, 0).x - 1;
  ivec3 way = color * last;
  ivec3 near = min(way / 255, last - 1);
  ivec3 rest = way - near * 255;
  int high = max(rest.r, max(rest.g, rest.b));
  int low = min(rest.r, min(rest.g, rest.b));
  int middle = rest.r + rest.g + rest.b - high - low;
  ivec3 far = near + 1;
  ivec3 second = near + (rest.r == high ? RED : rest.g == high ? GREEN : BLUE);
  ivec3 third = far - (rest.b == low ? BLUE : rest.g == low ? GREEN : RED);

  ivec3 sum = (255 - high) * texelFetch(points, near, 0).rgb
    + (high - middle) * texelFetch(points, second, 0).rgb
    + (middle - low) * texelFetch(points, third, 0).rgb
    + low * texelFetch(points, far, 0).rgb;
  return (sum + 16384) >> 15;
}

int randomOf(ivec2 cell) {
  uint mixed = (uint(cell.x) * 0x9e3779b1u) ^ (uint(cell.y) * 0x85ebca77u);
  mixed = (mixed ^ (mixed >> 16)) * 0x7feb352du;
  mixed = (mixed ^ (mixed >> 15)) * 0x846ca68bu;
  return int(mixed) >> 24;
}

ivec3 weightsOf(int step) {
  int first = (16 - step) * (16 - step);
  int last = step * step;
  return ivec3(first, 512 - first - last, last);
}

int grainAt(ivec2 fromMiddle) {
  // How what is negative is divided is every graphics card's own.
  ivec2 place = sign(fromMiddle) * (abs(fromMiddle) * 3840 / shorter);
  ivec2 first = place >> 4;
  ivec3 across = weightsOf(place.x & 15);
  ivec3 down = weightsOf(place.y & 15);
  int sum = 0;
  for (int i = 0; i < 3; i++) {
    ivec3 cells = ivec3(
      randomOf(first + ivec2(i, 0)), randomOf(first + ivec2(i, 1)), randomOf(first + ivec2(i, 2)));
    sum += across[i] * ((down.x * cells.x + down.y * cells.y + down.z * cells.z) >> 1);
  }
  return sum >> 9;
}

void main() {
  ivec2 size = textureSize(picture, 0);
  // The picture's top row comes first, the canvas' last.
  ivec2 place = ivec2(gl_FragCoord.x, size.y - 1 - int(gl_FragCoord.y));
  uvec4 pixel = texelFetch(picture, place, 0);
  ivec3 color = lookUp(ivec3(pixel.rgb));

  ivec2 fromMiddle = 2 * place + 1 - size;
  ivec2 share = abs(fromMiddle) * 32768 / size;
  int square = (share.x * share.x + share.y * share.y) >> 16;
  int gain = 32768 - ((((square * square) >> 15) * vignette) >> 15);

  int light = (((54 * color.r + 183 * color.g + 19 * color.b) >> 8) * gain) >> 15;
  int random = grain == 0 ? 0 : grainAt(fromMiddle);
  int grained = (((random * (light * (255 - light))) >> 14) * grain) >> 7;
  ivec3 levels = clamp((color * gain + grained + 16384) >> 15, 0, 255);
  shown = vec4(levels, pixel.a) / 255.0;
}`

/** A picture in sRGB, not premultiplied, row by row without gaps. */
export type Picture = { width: number; height: number; data: Uint8ClampedArray }

/** Looks by WebGL 2, on a canvas of its own. */
export class LookShader {
  readonly #gl: WebGL2RenderingContext
  readonly #canvas: OffscreenCanvas
  readonly #program: WebGLProgram
  /** Those of pictures that are forgotten go with them. */
  readonly #pictures = new WeakMap<Picture, WebGLTexture>()
  #table: ColorTable | null = null

  private constructor(canvas: OffscreenCanvas, gl: WebGL2RenderingContext) {
    this.#canvas = canvas
    this.#gl = gl
    const program = link(gl)
    this.#program = program
    gl.useProgram(program)
    gl.uniform1i(gl.getUniformLocation(program, 'picture'), 0)
    gl.uniform1i(gl.getUniformLocation(program, 'points'), 1)
    bindTexture(gl, 1, gl.TEXTURE_3D)
  }

  /** Null where there is no WebGL 2. `onLost` is told when what was drawn is gone, and nothing more can be. */
  static open(onLost: () => void): LookShader | null {
    const canvas = new OffscreenCanvas(1, 1)
    const gl = canvas.getContext('webgl2', {
      antialias: false,
      depth: false,
      premultipliedAlpha: false,
    })
    if (!gl) return null
    canvas.addEventListener('webglcontextlost', onLost)
    return new LookShader(canvas, gl)
  }

  get isLost(): boolean {
    return this.#gl.isContextLost()
  }

  /** Null when the context was lost, or the picture is larger than textures can be. */
  draw(picture: Picture, { table, effects }: CompiledLook): ImageBitmap | null {
    const { width, height } = picture
    const gl = this.#gl
    if (Math.max(width, height) > (gl.getParameter(gl.MAX_TEXTURE_SIZE) as number)) return null
    this.#bindPicture(picture)
    this.#putTable(table)
    const numbers = { ...wholeEffects(effects, picture), shorter: shorterOf(picture) }
    for (const [name, value] of Object.entries(numbers))
      gl.uniform1i(gl.getUniformLocation(this.#program, name), value)
    if (this.#canvas.width !== width) this.#canvas.width = width
    if (this.#canvas.height !== height) this.#canvas.height = height
    gl.viewport(0, 0, width, height)
    gl.drawArrays(gl.TRIANGLES, 0, 3)
    const bitmap = this.#canvas.transferToImageBitmap()
    return this.isLost ? null : bitmap
  }

  #bindPicture(picture: Picture): void {
    const gl = this.#gl
    gl.activeTexture(gl.TEXTURE0)
    const known = this.#pictures.get(picture)
    if (known) {
      gl.bindTexture(gl.TEXTURE_2D, known)
      return
    }
    const { width, height, data } = picture
    this.#pictures.set(picture, bindTexture(gl, 0, gl.TEXTURE_2D))
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8UI, width, height, 0, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, bytes)
  }

  #putTable(table: ColorTable): void {
    if (this.#table === table) return
    const gl = this.#gl
    const { size } = table
    const points = pointsOf(table)
    gl.activeTexture(gl.TEXTURE1)
    if (this.#table?.size === size)
      gl.texSubImage3D(gl.TEXTURE_3D, 0, 0, 0, 0, size, size, size, gl.RGBA_INTEGER, gl.SHORT, points)
    else gl.texImage3D(gl.TEXTURE_3D, 0, gl.RGBA16I, size, size, size, 0, gl.RGBA_INTEGER, gl.SHORT, points)
    this.#table = table
  }
}

/** A new texture for that unit, of which only whole points are read. */
function bindTexture(gl: WebGL2RenderingContext, unit: number, target: GLenum): WebGLTexture {
  const texture = gl.createTexture()
  gl.activeTexture(gl.TEXTURE0 + unit)
  gl.bindTexture(target, texture)
  gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
  gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
  return texture
}

function link(gl: WebGL2RenderingContext): WebGLProgram {
  const program = gl.createProgram()
  for (const [type, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(type)
    if (!shader) continue
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    gl.attachShader(program, shader)
  }
  gl.linkProgram(program)
  return program
}
