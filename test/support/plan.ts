import type { Database } from '../../src/catalog/database/database.ts'

/** A step of a plan, with what it read. */
export type Plan = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Rows': number
  'Actual Loops': number
  'Rows Removed by Filter'?: number
  'Rows Removed by Index Recheck'?: number
  Plans?: Plan[]
}

/** The plan by which the statement ran, with what each step of it read; what it did is undone. */
export async function explain(
  database: Database,
  statement: string,
  values: readonly unknown[] = [],
): Promise<Plan> {
  const undone = new Error('undone')
  let plan: Plan | undefined
  await database
    .transaction(async ({ query }) => {
      const [row] = await query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, format json) ${statement}`,
        values,
      )
      plan = row?.['QUERY PLAN'][0].Plan
      throw undone
    })
    .catch((error) => {
      if (error !== undone) throw error
    })
  return plan as Plan
}

/** Tables that photos and those who look at them make long. */
const GROWING =
  /^(photos|earlier_renditions|reserved_ids|idempotency_keys|daily_uses|uploads|heads|photo_events|following|followers|follow_changes)$/

/** What no statement should need: reading a table from its beginning to its end, sorting or passing over more than a few rows. */
export function costsOf(plan: Plan, few: number): string[] {
  const { 'Node Type': type, 'Relation Name': table = '' } = plan
  const rows = rowsOf(plan)
  const costs = (plan.Plans ?? []).flatMap((step) => costsOf(step, few))
  if (type === 'Seq Scan' && GROWING.test(table)) costs.push(`${type} of ${table}`)
  else if (rows > few) costs.push(`${type} ${table} of ${rows} rows`)
  return costs
}

/** What the step read, shown or passed over. */
export function rowsOf(plan: Plan): number {
  const passedOver = (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Index Recheck'] ?? 0)
  return (plan['Actual Rows'] + passedOver) * plan['Actual Loops']
}
