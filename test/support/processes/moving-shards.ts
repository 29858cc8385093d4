// Moves shards as `darkroom shards move` does, and prints each stage. Kills itself the first time it has reached
// the stage it was given.
import { writeSync } from 'node:fs'
import { moveShards } from '../../../src/catalog/moves/move-shards.ts'
import { allShardsAt } from '../../../src/config/shard-ranges.ts'

const [configured = '', range = '{}', target = '', lastStage] = process.argv.slice(2)

await moveShards(allShardsAt(configured), JSON.parse(range), target, (stage) => {
  writeSync(1, `${stage}\n`)
  if (stage === lastStage) process.kill(process.pid, 'SIGKILL')
})
