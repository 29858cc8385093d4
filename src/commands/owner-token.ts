import { InvalidArgumentError } from 'commander'
import type { Config } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { isOwnerId, OWNER_ID_RULE, type OwnerId } from '../photo/shard.ts'

/** For arguments and options of commander. */
export function parseOwner(text: string): OwnerId {
  if (isOwnerId(text)) return text
  throw new InvalidArgumentError(`An owner is ${OWNER_ID_RULE}.`)
}

/** A token for the owner, signed with the secret the server checks with. Throws SetupError when we don't have it. */
export async function ownerToken(
  { auth, home }: Config,
  owner: OwnerId,
  seconds: number,
  as: { isOperator: boolean } = { isOperator: false },
): Promise<string> {
  if (auth.kind === 'jwks') {
    throw new SetupError(`Tokens come from the issuer whose keys are at ${auth.url}: ask it for one.`)
  }
  const { signToken } = await import('../http/auth/sign-token.ts')
  const { readTokenSecret } = await import('../http/auth/token-secret.ts')
  return await signToken(auth.secret ?? (await readTokenSecret(home)), owner, seconds, as)
}
