import { Command, Option } from 'commander'
import { OWNER_ID_RULE, type OwnerId } from '../photo/shard.ts'
import { ownerToken, parseOwner } from './owner-token.ts'
import { parseDuration } from './parse-duration.ts'

const EXAMPLES = `
Examples:
  $ darkroom token alice
  $ curl -H "Authorization: Bearer $(darkroom token alice --expires 1h)" http://127.0.0.1:3000/v1/owners/alice/photos`

type Options = { expires: number; operator: boolean }

export function tokenCommand(): Command {
  return new Command('token')
    .description('Print a token for an owner, signed with TOKEN_SECRET or with the secret of this home.')
    .argument('<owner>', `who the token is for: ${OWNER_ID_RULE}`, parseOwner)
    .addOption(
      new Option('--expires <duration>', 'how long it works: 90s, 15m, 12h')
        .argParser(parseDuration)
        .default(parseDuration('7d'), '7d'),
    )
    .option('--operator', "an operator's: it opens what acts on others' photos", false)
    .addHelpText('after', EXAMPLES)
    .action(async (owner: OwnerId, { expires, operator: isOperator }: Options) => {
      const { loadConfig } = await import('../config/config.ts')
      console.log(await ownerToken(loadConfig(process.env), owner, expires, { isOperator }))
    })
}
