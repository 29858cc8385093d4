// npm run variables: writes docs/operating.md's table of variables and .env.example from src/config/variables.ts.
import { readFile, writeFile } from 'node:fs/promises'
import { exampleFile, withTable } from './texts.ts'

const PAGE = 'docs/operating.md'

await writeFile(PAGE, withTable(await readFile(PAGE, 'utf8')))
await writeFile('.env.example', exampleFile())
