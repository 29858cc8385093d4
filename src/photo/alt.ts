/** What a photo shows, in words for those who can't see it, has so many characters at most. */
export const MAX_ALT = 2_000
