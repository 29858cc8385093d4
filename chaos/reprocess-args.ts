import type { Random } from './random.ts'

/** What an operator may give `darkroom reprocess`: which photos, of what, how fast, and when it is to stop by itself. */
export function reprocessArgs(random: Random, owners: readonly string[]): string[] {
  const some = String(Math.ceil(random.between(0, 40)))
  const [one = '', other = ''] = random.shuffled(owners)
  const states = ['--all', '--stale', '--stale', '--missing', '--failed']
  const places = [[], [], [], ['--owner', one], ['--owner', `${one},${other}`], ['--shards', '0-4095']]
  const orders = [[], ['--oldest-first']]
  const limits = [[], ['--limit', some]]
  const wishes = [[], [], [], ['--presets', 'small,thumb'], ['--formats', 'jpeg']]
  const paces = [[], [], ['--rate', '10'], ['--share', '50%']]
  const brakes = [[], [], ['--canary', '5'], ['--max-failures', '50%']]
  const keeps = [[], ['--keep', '1s'], ['--keep', '30d']]
  return [
    'reprocess',
    random.pick(states),
    ...[places, orders, limits, wishes, paces, brakes, keeps].flatMap((each) => random.pick<string[]>(each)),
    '--yes',
    '--json',
  ]
}
