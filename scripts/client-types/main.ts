// npm run client-types: writes the types of clients/typescript from the schemas that requests and replies are held to.
import { writeFile } from 'node:fs/promises'
import { CLIENT_TYPES_FILE, clientTypes } from './client-types.ts'

await writeFile(CLIENT_TYPES_FILE, await clientTypes())
