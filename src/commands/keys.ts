import { resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'

const EXPLANATION = `
CloudFront takes several keys at once, so that keys change without a URL that fails:
the new key is let in, then signs, and the old one goes when its last URL has expired.
Each run checks how far that is, at the edge itself, and says what comes next.

  $ darkroom keys rotate --to new-key.pem
  $ darkroom keys rotate --to new-key.pem --id K2JCJMDEHXQW5F
  $ darkroom keys rotate --to new-key.pem --id K2JCJMDEHXQW5F --switched-at 2026-11-21T08:00Z --old K1ABCDEFGHIJKL

A key that leaked is taken out at once instead: every URL it signed fails from then on.`

type Options = { to: string; id?: string; switchedAt?: Date; old?: string }

export function keysCommand(): Command {
  const rotate = new Command('rotate')
    .description('Change the signing key of CloudFront, step by step.')
    .requiredOption('--to <file>', 'the new private key; made when it is not there')
    .option('--id <id>', "CloudFront's id of the new public key")
    .option('--switched-at <time>', 'when the last server began to sign with it', parseTime)
    .option('--old <id>', "CloudFront's id of the key that goes")
    .addHelpText('after', EXPLANATION)
    .action(async ({ to, id, switchedAt, old }: Options) => {
      const { loadConfig } = await import('../config/config.ts')
      const { rotateKeys } = await import('../delivery/key-rotation.ts')
      const plan = {
        file: resolve(to),
        ...(id !== undefined && { keyPairId: id }),
        ...(switchedAt !== undefined && { switchedAt }),
        ...(old !== undefined && { oldKeyPairId: old }),
      }
      for await (const { title, isDone, detail } of rotateKeys(loadConfig(process.env).cdn, plan)) {
        console.log(
          `${isDone ? 'done' : 'next'}  ${title}\n      ${detail.trim().replaceAll('\n', '\n      ')}`,
        )
      }
    })
  return new Command('keys').description("Look after CloudFront's signing keys.").addCommand(rotate)
}

function parseTime(text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('Write it as 2026-11-21T08:00Z.')
  return time
}
