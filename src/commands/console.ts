import { Command } from 'commander'
import { OWNER_ID_RULE, type OwnerId } from '../photo/shard.ts'
import { parseOwner } from './owner-token.ts'

const EXAMPLES = `
Examples:
  $ darkroom console
  $ darkroom console alice
  $ darkroom console ops --operator`

export function consoleCommand(): Command {
  return new Command('console')
    .description(
      'Print a link that opens the console in a browser, signed in: once, within five minutes. The server must run with CONSOLE=on, as `darkroom start` does.',
    )
    .argument('[owner]', `whom it signs in: ${OWNER_ID_RULE}`, parseOwner, 'me' as OwnerId)
    .option('--operator', "with the operator's views, and what acts on others' photos", false)
    .addHelpText('after', EXAMPLES)
    .action(async (owner: OwnerId, { operator: isOperator }: { operator: boolean }) => {
      const { openRuns } = await import('./runs/open-runs.ts')
      const { SetupError } = await import('../errors.ts')

      await using opened = await openRuns()
      const { auth, hasConsole, publicUrl } = opened.config
      if (hasConsole === false) throw new SetupError('The console is off: CONSOLE=off.')
      if (auth.kind === 'jwks') {
        throw new SetupError(
          `Tokens come from the issuer whose keys are at ${auth.url}. Open ${publicUrl}/console, which asks for one.`,
        )
      }
      console.log(
        `${publicUrl}/console#code=${await opened.catalog.consoleCodes.make({ owner, isOperator })}`,
      )
    })
}
