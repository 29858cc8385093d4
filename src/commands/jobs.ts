import { Command, InvalidArgumentError } from 'commander'
import { type PhotoId, parsePhotoId } from '../photo/photo-id.ts'
import type { Services } from '../services.ts'

const EXPLANATION = `
Somebody waits for live jobs, and nobody for batch jobs. A job that failed is kept for 30 days; what it failed with is
its code. One that waits for its next attempt, or for an engine that is unavailable, is delayed.`

type Choice = { code?: string; photo?: PhotoId }
type Options = Choice & { failed?: true; json?: true }

export function jobsCommand(): Command {
  return new Command('jobs')
    .description(
      'Show what waits, runs and failed, by lane and kind; with --failed every failed job, and why.',
    )
    .enablePositionalOptions()
    .option('--failed', 'each job that failed for good, the last first')
    .option('--code <code>', 'of those only what failed with it')
    .option('--photo <id>', 'of those only what failed of it, by its id or shortcode', readPhoto)
    .option('--json', 'as one array; of failed jobs a line each')
    .addHelpText('after', EXPLANATION)
    .action(async ({ failed, code, photo, json }: Options) => {
      const { failedReport, totalsReport } = await import('./reports/jobs-report.ts')
      await withServices(async ({ queue }) => {
        if (failed || code !== undefined || photo !== undefined) {
          const { failedJobs } = await import('../sweep/failed-jobs.ts')
          const jobs = await Array.fromAsync(failedJobs(queue, { code, photo }))
          if (json) for (const each of jobs) console.log(JSON.stringify(each))
          else if (jobs.length > 0) console.log(failedReport(jobs))
          else
            console.log(
              ['No job', photo && `of photo ${photo}`, 'has failed', code && `with ${code}`]
                .filter(Boolean)
                .join(' ')
                .concat('.'),
            )
          return
        }
        const totals = await queue.totals()
        console.log(json ? JSON.stringify(totals) : totalsReport(totals))
      })
    })
    .addCommand(
      new Command('retry')
        .description(
          'Enqueue failed jobs again, all, those with a code or those of a photo, as after a mistake was mended. Photos that failed by them are processing again.',
        )
        .option('--code <code>', 'only those that failed with it')
        .option('--photo <id>', 'only those of it, by its id or shortcode', readPhoto)
        .action(async (chosen: Choice) => {
          await withServices(async ({ queue, catalog }) => {
            const { failedJobs, retryJob } = await import('../sweep/failed-jobs.ts')
            let count = 0
            for await (const each of failedJobs(queue, chosen)) {
              await retryJob({ queue, catalog }, each)
              count += 1
            }
            console.log(`Enqueued again: ${count.toLocaleString('en')}.`)
          })
        }),
    )
}

function readPhoto(text: string): PhotoId {
  try {
    return parsePhotoId(text)
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message)
  }
}

async function withServices(act: (services: Services) => Promise<void>): Promise<void> {
  const { loadConfig } = await import('../config/config.ts')
  const { createLog } = await import('../log.ts')
  const { openServices } = await import('../services.ts')

  const config = loadConfig(process.env)
  await using services = await openServices(config, createLog('jobs', 'error'), { connections: 2 })
  await act(services)
}
