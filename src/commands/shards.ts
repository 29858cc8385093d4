import { Command } from 'commander'

export function shardsCommand(): Command {
  return new Command('shards')
    .description('Show which database has which of the 8,192 logical shards, and how many photos.')
    .action(async () => {
      const { loadConfig } = await import('../config/config.ts')
      const { shardRangesOf } = await import('../services.ts')
      const { describeShards } = await import('../catalog/moves/describe-shards.ts')
      const { shardReport } = await import('./reports/shard-report.ts')

      const ranges = await shardRangesOf(loadConfig(process.env))
      console.log(shardReport(await describeShards(ranges)))
    })
    .addCommand(moveCommand())
}

function moveCommand(): Command {
  return new Command('move')
    .description(
      'Move shards to another database while everything goes on. Killed half-way, it can be run again. Servers and workers follow by themselves; they must be able to reach the database at the URL, which is kept in the databases.',
    )
    .argument('<range>', 'such as 4096-8191, or 17')
    .requiredOption('--to <url>', 'the database, postgres://…')
    .action(async (text: string, { to }: { to: string }) => {
      const { loadConfig } = await import('../config/config.ts')
      const { parseDatabaseUrl } = await import('../config/replicated-url.ts')
      const { parseShards } = await import('../config/shard-ranges.ts')
      const { SetupError } = await import('../errors.ts')
      const { databaseName } = await import('../postgres/connections.ts')
      const { shardRangesOf } = await import('../services.ts')
      const { moveShards } = await import('../catalog/moves/move-shards.ts')

      const range = parseShards(text)
      if (!range)
        throw new SetupError(`"${text}" is no range of the shards 0 to 8191, such as 4096-8191 or 17.`)
      const url = parseDatabaseUrl(to)
      if (!url)
        throw new SetupError(
          '--to must be a URL that begins with postgres://; its replicas are named in DATABASE_SHARDS',
        )
      const ranges = await shardRangesOf(loadConfig(process.env))
      await moveShards(ranges, range, url, (stage, run) => {
        if (stage === 'switched') console.log(`${run.from}-${run.to} moved`)
      })
      console.log(
        `${text} is in ${databaseName(url)}. Put DATABASE_SHARDS right when you change the configuration next.`,
      )
    })
}
