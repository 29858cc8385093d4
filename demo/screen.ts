import type { WriteStream } from 'node:tty'
import type { Photo } from '../clients/typescript/src/darkroom-client.ts'
import { TILE, tileOf } from './tile.ts'
import { ageOf, type View } from './view.ts'

const GAP = 2
/** Below a tile: whose it is, what it is, and a line that is empty. */
const CAPTION = 3
const HEADER = 2
const NEWS = 4
const MOST_PHOTOS = 100

/** Of another screen, where the cursor is not seen, and back. */
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const [HOME, REST_OF_LINE, REST_OF_SCREEN] = ['\u001b[H', '\u001b[K', '\u001b[J']
const bold = (text: string) => `\u001b[1m${text}\u001b[0m`
const dim = (text: string) => `\u001b[2m${text}\u001b[0m`

/** The feed as tiles, the newest first, and below it what happens in the town. */
export function screen(terminal: WriteStream, title: string): View {
  const news: string[] = []
  const isTrueColor = terminal.hasColors(2 ** 24)
  const across = () => Math.max(1, Math.floor((terminal.columns + GAP) / (TILE.width + GAP)))
  const down = () => Math.max(1, Math.floor((terminal.rows - HEADER - NEWS) / (TILE.height + CAPTION)))
  const limit = () => Math.min(MOST_PHOTOS, across() * down())
  terminal.write(ENTER)
  return {
    limit,
    tell: (one) => {
      news.push(one)
      if (news.length > NEWS - 1) news.shift()
    },
    show: ({ photos, ms, unchangedMs }, { posted, removed, followed }) => {
      const rows = Array.from({ length: down() }, (_, row) =>
        photos.slice(row * across(), (row + 1) * across()),
      )
      const counts = `${followed} followed · ${posted} posted, ${removed} gone · a page in ${ms.toFixed(1)} ms, unchanged in ${unchangedMs.toFixed(1)} ms`
      const lines = [
        `${bold(title)}  ${dim(cut(counts, terminal.columns - title.length - 2))}`,
        '',
        ...rows.flatMap((row) => rowOf(row, isTrueColor)),
        ...news.map((line) => dim(cut(line, terminal.columns))),
      ]
      const drawn = lines.slice(0, terminal.rows - 1).map((line) => line + REST_OF_LINE)
      terminal.write(`${HOME}${drawn.join('\n')}\n${REST_OF_SCREEN}`)
    },
    [Symbol.dispose]: () => terminal.write(LEAVE),
  }
}

function rowOf(photos: readonly Photo[], isTrueColor: boolean): string[] {
  const tiles = photos.map((photo) => tileOf(photo, isTrueColor))
  const gap = ' '.repeat(GAP)
  const fitted = (text: string) => cut(text, TILE.width).padEnd(TILE.width)
  return [
    ...Array.from({ length: TILE.height }, (_, line) => tiles.map((tile) => tile[line]).join(gap)),
    photos.map(({ owner }) => fitted(owner)).join(gap),
    dim(photos.map((photo) => fitted(`${photo.filter ?? 'as taken'} ${ageOf(photo)}`)).join(gap)),
    '',
  ]
}

const cut = (text: string, width: number) => text.slice(0, Math.max(0, width))
