import { join } from 'node:path'

/** What `npm run build:console` makes: the page, and all else of it under `console/assets`, named by its hash. */
export const BUILT_PAGE = join(import.meta.dirname, '../../../console/dist')

/** There where there is a page. */
export const PAGE_FILE = join(BUILT_PAGE, 'index.html')
