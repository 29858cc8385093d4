/** Who made a photo and who holds the rights in it, in their words: all of its metadata that viewers are given. */
export type Credit = { artist: string | null; copyright: string | null }
