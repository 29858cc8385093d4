import { Command } from 'commander'
import type { JobQueue } from '../queue/job-queue.ts'
import type { Services } from '../services.ts'

const EXPLANATION = `
Somebody waits for live jobs, and nobody for batch jobs. A job that failed is kept for 30 days; what it failed with is
its code. One that waits for its next attempt, or for an engine that is unavailable, is delayed.`

const PAGE = 1_000

type Options = { failed?: true; code?: string; json?: true }

export function jobsCommand(): Command {
  return new Command('jobs')
    .description(
      'Show what waits, runs and failed, by lane and kind; with --failed every failed job, and why.',
    )
    .enablePositionalOptions()
    .option('--failed', 'each job that failed for good, the last first')
    .option('--code <code>', 'of those only what failed with it')
    .option('--json', 'as one array; of failed jobs a line each')
    .addHelpText('after', EXPLANATION)
    .action(async ({ failed, code, json }: Options) => {
      const { failedReport, totalsReport } = await import('./jobs-report.ts')
      await withServices(async ({ queue }) => {
        if (failed || code !== undefined) {
          let isAny = false
          for await (const page of failedJobs(queue, code)) {
            isAny = true
            console.log(json ? page.map((each) => JSON.stringify(each)).join('\n') : failedReport(page))
          }
          if (!isAny && !json)
            console.log(code === undefined ? 'No job has failed.' : `No job has failed with ${code}.`)
          return
        }
        const totals = await queue.totals()
        console.log(json ? JSON.stringify(totals) : totalsReport(totals))
      })
    })
    .addCommand(
      new Command('retry')
        .description(
          'Enqueue failed jobs again, all or those with a code, as after a mistake was mended. Photos that failed by them are processing again.',
        )
        .option('--code <code>', 'only those that failed with it')
        .action(async ({ code }: { code?: string }) => {
          await withServices(async ({ queue, catalog }) => {
            let count = 0
            for await (const page of failedJobs(queue, code)) {
              for (const { job } of page) {
                if (job.kind === 'resize' || job.kind === 'import') await catalog.photos.retry(job.photoId)
                await queue.enqueue(job)
              }
              count += page.length
            }
            console.log(`Enqueued again: ${count.toLocaleString('en')}.`)
          })
        }),
    )
}

async function* failedJobs(queue: JobQueue, code: string | undefined) {
  for await (const page of queue.failed(PAGE)) {
    const chosen = page.filter((each) => code === undefined || each.code === code)
    if (chosen.length > 0) yield chosen
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
