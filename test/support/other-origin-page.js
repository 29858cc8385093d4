// A page of an app, whose origin is another than the API's.

/** Uploads a photo (base64), asks for it, and gives its first rendition to WebGL, which takes what may be read alone. */
async function uploadAndDraw({ api, token, photo }) {
  const form = new FormData()
  form.append('file', new Blob([Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))]), 'photo.jpg')
  const authorization = `Bearer ${token}`
  const uploaded = await fetch(`${api}/v1/photos`, {
    method: 'POST',
    headers: { authorization, prefer: 'wait=60' },
    body: form,
  })
  const { id, status, renditions } = await uploaded.json()
  const asked = await fetch(`${api}/v1/photos/${id}`, { headers: { authorization } })

  const image = new Image()
  image.crossOrigin = 'anonymous'
  image.src = renditions[0].url
  await image.decode()
  const gl = document.createElement('canvas').getContext('webgl2')
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image)
  return {
    status,
    location: uploaded.headers.get('location'),
    etag: asked.headers.get('etag'),
    webGlError: gl.getError(),
  }
}

globalThis.uploadAndDraw = uploadAndDraw
