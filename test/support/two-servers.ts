import { loadConfig } from '../../src/config/config.ts'
import { freePort } from '../../src/embedded-postgres/free-port.ts'
import { serve } from '../../src/serve.ts'
import { silentLog, startService, type TestService } from './service.ts'
import type { Service } from './uploads.ts'

/** Two servers on the same engines. */
export async function startTwoServers(
  env: Record<string, string> = {},
): Promise<AsyncDisposable & { one: TestService; other: Service }> {
  await using opened = new AsyncDisposableStack()
  const one = opened.use(await startService(env))
  const config = loadConfig({
    DARKROOM_HOME: one.config.home,
    DATABASE_URL: one.database.url,
    PORT: String(await freePort()),
    ...env,
  })
  opened.use(await serve(config, silentLog))
  const owned = opened.move()
  return {
    one,
    other: { url: config.publicUrl, token: one.token },
    [Symbol.asyncDispose]: async () => await owned.disposeAsync(),
  }
}
