// Clients of tus as others wrote them, in a page.
import { Uppy } from '@uppy/core'
import GoldenRetriever from '@uppy/golden-retriever'
import UppyTus from '@uppy/tus'
import { Upload } from 'tus-js-client'

const RETRY_DELAYS = [0, 50, 100, 200, 400, 800]

const fileOf = (photo) =>
  new File([Uint8Array.from(atob(photo), (letter) => letter.charCodeAt(0))], 'boat.jpg', {
    type: 'image/jpeg',
  })

/** Uploads with tus-js-client; resolves to the path of the photo. */
export function uploadByTus({ endpoint, token, photo, options }) {
  return new Promise((resolve, reject) => {
    const upload = new Upload(fileOf(photo), {
      endpoint,
      headers: { Authorization: `Bearer ${token}` },
      retryDelays: RETRY_DELAYS,
      ...options,
      onError: reject,
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader('Photo-Location')),
    })
    upload.start()
  })
}

let uppy

/** An Uppy that remembers files over reloads. */
export function openUppy({ endpoint, token }) {
  uppy = new Uppy({ id: 'uppy', autoProceed: false })
  uppy.use(GoldenRetriever)
  uppy.use(UppyTus, { endpoint, headers: { Authorization: `Bearer ${token}` }, retryDelays: RETRY_DELAYS })
}

export function addToUppy({ photo, meta }) {
  uppy.addFile({ name: 'boat.jpg', type: 'image/jpeg', data: fileOf(photo), meta })
}

/** Resolves to the path of the photo. */
export async function uploadByUppy() {
  const { successful, failed } = await uppy.upload()
  if (failed.length > 0) throw new Error(String(failed[0].error))
  return successful[0].response.body.xhr.getResponseHeader('Photo-Location')
}

/** What was there before the page was reloaded is uploaded on; resolves to the path of the photo. */
export function restoreUppy(given) {
  return new Promise((resolve, reject) => {
    openUppy(given)
    uppy.on('upload-success', (_file, { body }) => resolve(body.xhr.getResponseHeader('Photo-Location')))
    uppy.on('upload-error', (_file, error) => reject(error))
    uppy.once('restored', () => uppy.emit('restore-confirmed'))
  })
}
