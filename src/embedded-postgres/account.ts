import { readFile, realpath, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Whom PostgreSQL runs as. */
export type Account = { uid: number; gid: number }

/** Null: as ourselves. PostgreSQL refuses to run as root; then it runs as `nobody`. */
export async function serverAccount(): Promise<Account | null> {
  if (process.getuid?.() !== 0) return null
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '')
  const [, uid, gid] = /^nobody:[^:]*:(\d+):(\d+):/m.exec(accounts) ?? []
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) }
}

/** Whether the account may enter the folder and all above it. Ourselves (null) we find out by doing. */
export async function canEnter(folder: string, account: Account | null): Promise<boolean> {
  if (!account) return true
  for (let path = await realpath(folder); ; path = dirname(path)) {
    const { mode, uid, gid } = await stat(path)
    const shift = uid === account.uid ? 6 : gid === account.gid ? 3 : 0
    if (((mode >> shift) & 1) === 0) return false
    if (path === dirname(path)) return true
  }
}
