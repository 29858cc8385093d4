import type { Config } from '../config/config.ts'
import { SetupError } from '../errors.ts'
import { probeEdge } from './edge-probe.ts'
import { makeSigningKey, type SigningKey, signingKeyOf } from './signing-key.ts'

export type RotationPlan = {
  /** The new private key; made when it is not there. */
  file: string
  /** What CloudFront calls the new public key, once it has it. */
  keyPairId?: string
  /** When the last server began to sign with the new key. */
  switchedAt?: Date
  /** What CloudFront calls the key that goes. */
  oldKeyPairId?: string
}

/** One step and whether it is done. `detail` says what was seen, or what to do now. */
export type RotationStep = { title: string; isDone: boolean; detail: string }

type Rotation = RotationPlan & { cdn: Config['cdn']; origin: string; key: SigningKey }
type Step = { title: string; check(rotation: Rotation): Promise<Omit<RotationStep, 'title'>> }

const done = (detail: string) => ({ isDone: true, detail })
const todo = (detail: string) => ({ isDone: false, detail })

/** At every moment the edge takes both the key that signs and the one whose URLs are still about. */
const STEPS: readonly Step[] = [
  { title: 'Make the new key', check: async ({ file }) => done(file) },
  { title: 'Let the edge take it, beside the old one', check: checkEdge },
  { title: 'Sign with it', check: checkSigner },
  { title: 'Wait for the last URL of the old key to expire', check: checkExpiry },
  { title: 'Let the edge forget the old key', check: checkRemoval },
]

/**
 * The steps of a rotation as far as they are done, and at last the one that is next. Nothing is changed but that the
 * new key's file is made. Throws SetupError without CloudFront, and what probeEdge and the key files throw.
 */
export async function* rotateKeys(cdn: Config['cdn'], plan: RotationPlan): AsyncGenerator<RotationStep> {
  if (cdn.kind === 'local') {
    throw new SetupError(
      'The local edge takes one key only, that in DARKROOM_HOME. Keys are rotated where CDN_URL names a CloudFront distribution.',
    )
  }
  const made = await makeSigningKey(plan.file)
  const key = { ...made, keyPairId: plan.keyPairId ?? made.keyPairId }
  for (const { title, check } of STEPS) {
    const step = { title, ...(await check({ ...plan, cdn, origin: cdn.origin, key })) }
    yield step
    if (!step.isDone) return
  }
}

async function checkEdge({ cdn, origin, key, keyPairId, file }: Rotation) {
  if (keyPairId === undefined) {
    return todo(
      `Put its public key beside the old one (openssl pkey -in ${file} -pubout -out deploy/keys/NAME.pem), deploy, and run this again with --id and the id it got.`,
    )
  }
  const inUse = await signingKeyOf(cdn)
  if ((await probeEdge(origin, inUse)) !== 'taken') {
    return todo(
      `The edge refuses ${inUse.keyPairId}, which signs now: viewers see nothing. Put its public key back at once.`,
    )
  }
  switch (await probeEdge(origin, key)) {
    case 'taken':
      return done(`${origin} takes ${keyPairId}`)
    case 'unknown':
      return todo(
        `${origin} does not know ${keyPairId} yet. Add it to the key group, wait until the distribution is deployed, and run this again.`,
      )
    case 'other':
      return todo(
        `${origin} knows ${keyPairId}, but not as this key. Correct --id or --to, and this machine's clock.`,
      )
  }
}

async function checkSigner({ cdn, key, file }: Rotation) {
  const inUse = await signingKeyOf(cdn)
  if (inUse.keyPairId === key.keyPairId && inUse.publicKey.equals(key.publicKey)) {
    return done(`CDN_KEY_PAIR_ID is ${key.keyPairId}`)
  }
  return todo(
    `Set CDN_KEY_PAIR_ID=${key.keyPairId} and CDN_PRIVATE_KEY_FILE=${file} for every process, start them anew one by one, and run this again there.`,
  )
}

async function checkExpiry({ cdn, switchedAt }: Rotation) {
  const lifeMs = (cdn.windowSeconds + cdn.minLifeSeconds) * 1000
  const expired = new Date((switchedAt?.getTime() ?? Date.now()) + lifeMs)
  if (switchedAt === undefined) {
    return todo(
      `URLs live up to ${lifeMs / 3_600_000} h: if the last server was started anew just now, until ${expired.toISOString()}. Run this again with --switched-at and that server's time of start.`,
    )
  }
  if (expired.getTime() <= Date.now()) return done(`they expired by ${expired.toISOString()}`)
  return todo(`Wait until ${expired.toISOString()}.`)
}

async function checkRemoval({ origin, key, oldKeyPairId }: Rotation) {
  const advice = "Take the old key's file out of deploy/keys/ and deploy"
  if (oldKeyPairId === undefined)
    return todo(`${advice}; run this again with --old and its id to see it gone.`)
  // An id that is not known is refused before the signature is looked at, so any key will do.
  if ((await probeEdge(origin, { ...key, keyPairId: oldKeyPairId })) === 'unknown') {
    return done(`${origin} does not know ${oldKeyPairId} any more. Delete its private key.`)
  }
  return todo(`${origin} still takes ${oldKeyPairId}. ${advice}.`)
}
