/** Decoding one takes a core, which those that are sent want, too, and some 50 MB. */
const AT_ONCE = 1
/** So many small pictures are kept, for whoever scrolls back. */
const MOST_KEPT = 100

type Want = {
  key: string
  read: () => Promise<Blob | null>
  width: number
  tell: (bitmap: ImageBitmap | null) => void
}

/** By key, those seen last at the end; null for a file that this browser can't show. */
const kept = new Map<string, ImageBitmap | null>()
const wanted = new Set<Want>()
let running = 0

/**
 * A small picture of a file that this browser has, as soon as its turn comes: null where it can't be shown, as HEIC in most. Whoever
 * is gone before calls what it returns.
 */
export function wantPreview(want: Want): () => void {
  if (kept.has(want.key)) {
    const bitmap = kept.get(want.key) ?? null
    keep(want.key, bitmap)
    want.tell(bitmap)
    return () => {}
  }
  wanted.add(want)
  begin()
  return () => void wanted.delete(want)
}

/** One that is there already. */
export function peekPreview(key: string): ImageBitmap | null {
  return kept.get(key) ?? null
}

function begin(): void {
  for (const want of wanted) {
    if (running === AT_ONCE) return
    wanted.delete(want)
    running++
    void make(want).finally(() => {
      running--
      begin()
    })
  }
}

async function make({ key, read, width, tell }: Want): Promise<void> {
  const blob = await read().catch(() => null)
  if (!blob) return tell(null)
  const bitmap = await createImageBitmap(blob, { resizeWidth: width, resizeQuality: 'medium' }).catch(
    () => null,
  )
  keep(key, bitmap)
  tell(bitmap)
}

function keep(key: string, bitmap: ImageBitmap | null): void {
  kept.delete(key)
  kept.set(key, bitmap)
  for (const [oldest, each] of kept) {
    if (kept.size <= MOST_KEPT) break
    kept.delete(oldest)
    each?.close()
  }
}
