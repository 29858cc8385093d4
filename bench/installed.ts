import { isInstalled, type Service } from '../scripts/services/service.ts'

/** Whether what a figure is measured against is installed. When not, says that it is left out, and what has it. */
export function isMeasurable(what: string, needs: Pick<Service, 'programs' | 'packages'>): boolean {
  const isThere = isInstalled(needs)
  if (!isThere) console.error(`  left out: ${what}, for want of Debian's ${needs.packages.join(', ')}`)
  return isThere
}
