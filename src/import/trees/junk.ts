/** Of systems, not of people: never opened, whatever they seem to be. */
const FILES =
  /^(\._.*|\.ds_store|thumbs\.db|desktop\.ini|\.?picasa\.ini|synofile_thumb_.*|\.trashed-.*|\.nomedia|icon\r)$/
const FOLDERS =
  /^(@eadir|@__thumb|__macosx|\.spotlight-v100|\.fseventsd|\.trashes?|\.trash-\d+|\$recycle\.bin|\.?thumbnails|lightroom catalog|recently deleted|.*\.lrdata)$/

/** Whether the path is of something that a system, a NAS or a trash can left among the photos. */
export function isJunk(path: string): boolean {
  const [name = '', ...folders] = path.toLowerCase().split('/').reverse()
  return FILES.test(name) || folders.some((folder) => FOLDERS.test(folder))
}
