import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import { type Authenticate, createAuthenticate } from './authenticate.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { openTokenSecret } from './token-secret.ts'
import { verifyByIssuer, verifyBySecrets } from './verify-token.ts'

/** Checks tokens as configured until disposed. Throws SetupError when the secret can't be read or made. */
export async function openTokens(
  { auth, home }: Config,
  log: Log,
): Promise<Disposable & { authenticate: Authenticate }> {
  switch (auth.kind) {
    case 'secret': {
      const secrets = [auth.secret ?? (await openTokenSecret(home)), ...auth.earlierSecrets]
      return { authenticate: createAuthenticate(verifyBySecrets(secrets)), [Symbol.dispose]() {} }
    }
    case 'jwks': {
      if (!auth.audience) {
        log.warn(
          `TOKEN_AUDIENCE is not set: every token that the issuer of ${auth.url} signed is taken, also those for other apps`,
        )
      }
      const keys = new IssuerKeys(auth.url, log)
      return {
        authenticate: createAuthenticate(verifyByIssuer(keys, auth)),
        [Symbol.dispose]: () => keys[Symbol.dispose](),
      }
    }
  }
}
