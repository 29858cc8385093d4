import type { Config } from '../../config/config.ts'
import type { Log } from '../../log.ts'
import type { OwnerId } from '../../photo/shard.ts'
import { type Authenticate, createAuthenticate } from './authenticate.ts'
import { IssuerKeys } from './issuer-keys.ts'
import { signToken } from './sign-token.ts'
import { openTokenSecret } from './token-secret.ts'
import { verifyByIssuer, verifyBySecrets } from './verify-token.ts'

/** Makes a token of the owner that is good for so many seconds. */
export type Sign = (owner: OwnerId, seconds: number, as: { isOperator: boolean }) => Promise<string>

export type Tokens = Disposable & {
  authenticate: Authenticate
  /** Null where an issuer makes all tokens. */
  sign: Sign | null
}

/** Checks tokens as configured until disposed. Throws SetupError when the secret can't be read or made. */
export async function openTokens({ auth, home }: Config, log: Log): Promise<Tokens> {
  switch (auth.kind) {
    case 'secret': {
      const secret = auth.secret ?? (await openTokenSecret(home))
      return {
        authenticate: createAuthenticate(verifyBySecrets([secret, ...auth.earlierSecrets])),
        sign: async (owner, seconds, as) => await signToken(secret, owner, seconds, as),
        [Symbol.dispose]() {},
      }
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
        sign: null,
        [Symbol.dispose]: () => keys[Symbol.dispose](),
      }
    }
  }
}
