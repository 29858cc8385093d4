import type { Command } from 'commander'

/** Has a command, and those below it, refuse a word that is no command of theirs by naming those there are. */
export function refuseUnknownWords(command: Command): Command {
  for (const each of command.commands) refuseUnknownWords(each)
  if (command.commands.length === 0) return command
  const refuse = ([word = '']: readonly string[]) => {
    const names = command.commands.map((each) => each.name()).join(', ')
    command.error(`error: "${command.name()}" has no command "${word.slice(0, 40)}". There are: ${names}.`)
  }
  return (
    command
      .on('command:*', refuse)
      // Of one that does something by itself.
      .allowExcessArguments()
      .hook('preAction', (_, acting) => {
        if (acting === command && acting.args.length > 0) refuse(acting.args)
      })
  )
}
