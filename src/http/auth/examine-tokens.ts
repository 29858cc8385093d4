import type { Config } from '../../config/config.ts'
import { requestKeySet } from './key-set.ts'
import { readTokenSecret } from './token-secret.ts'

/** What the doctor says of tokens. Throws SetupError or EngineUnavailableError when none could be checked. */
export async function examineTokens({ auth, home }: Config): Promise<string> {
  switch (auth.kind) {
    case 'secret': {
      if (auth.secret === null) await readTokenSecret(home)
      const earlier = auth.earlierSecrets.length > 0 ? ', those of TOKEN_SECRET_PREVIOUS are taken too' : ''
      return `HS256 by ${auth.secret === null ? `the secret in ${home}` : 'TOKEN_SECRET'}${earlier}`
    }
    case 'jwks': {
      const { keys } = await requestKeySet(auth.url)
      const audience = auth.audience
        ? `for ${auth.audience}`
        : 'for any app: set TOKEN_AUDIENCE to take only those for yours'
      return `${keys.length} ${keys.length === 1 ? 'key' : 'keys'} at ${auth.url}, tokens ${audience}`
    }
  }
}
