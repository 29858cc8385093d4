import type { BrowserContext, Page } from 'playwright-core'

/** What a browser says itself of a request that failed, as of one that is lost on purpose. */
const OF_REQUESTS = /^Failed to load resource|NS_ERROR_|^Cross-Origin Request Blocked/

/** What breaks the page's policy is told as any other error is. To be called before the first page. */
export async function tellOfViolations(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
      console.error(`The policy forbids ${effectiveDirective} of ${blockedURI}, in ${sourceFile}`)
    })
  })
}

/** What went wrong on the page since: uncaught errors, what it logged as one, and what broke its policy. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', ({ message }) => complaints.push(`uncaught: ${message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' && !OF_REQUESTS.test(message.text())) complaints.push(message.text())
  })
  return complaints
}
