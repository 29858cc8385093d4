import { Command } from 'commander'

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Check the configuration and every engine, and say how to mend what is wrong.')
    .option(
      '--fix',
      'create what is missing on the bucket: block public access, a lifecycle rule; not the policy that lets a CloudFront distribution read it. Lays aside databases whose home is gone, and deletes them a week later',
    )
    .action(async ({ fix = false }: { fix?: boolean }) => {
      const { examine } = await import('../doctor/examine.ts')
      for await (const { name, isWell, detail } of examine(process.env, { fix })) {
        console.log(
          `${isWell ? 'ok  ' : 'BAD '} ${name.padEnd(14)} ${detail.replaceAll('\n', `\n${' '.repeat(20)}`)}`,
        )
        if (!isWell) process.exitCode = 1
      }
    })
}
