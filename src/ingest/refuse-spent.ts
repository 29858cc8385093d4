import type { Catalog } from '../catalog/catalog.ts'
import { allows, DailyLimitError, type DailyLimits, isLimited, leftOf } from '../photo/daily-limits.ts'
import type { OwnerId } from '../photo/shard.ts'

/**
 * Throws DailyLimitError when a photo of so many bytes is more than the owner has left of the day: before it is sent, as it is
 * counted when it is recorded.
 */
export async function refuseSpent(
  { dailyUses }: Pick<Catalog, 'dailyUses'>,
  { owner, limits, bytes }: { owner: OwnerId; limits: DailyLimits; bytes: number },
): Promise<void> {
  if (!isLimited(limits)) return
  const used = await dailyUses.of(owner)
  if (!allows(leftOf(limits, used), bytes)) throw new DailyLimitError(used, limits)
}
