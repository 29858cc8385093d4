import { isIP } from 'node:net'
import { resolve } from 'node:path'

/** Takes a problem as what follows the variable's name: `must be …`. */
export type Complain = (problem: string) => void

/** Reads what a variable is set to. Each mistake goes to `complain`, and a harmless value comes back. */
export type Read<Value> = (text: string, complain: Complain) => Value

export const text: Read<string> = (text) => text

/** An absolute path; one that is relative begins in the working directory. */
export const path: Read<string> = (text) => resolve(text)

export function integer(min: number, max: number): Read<number> {
  return (text, complain) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    complain(`must be a whole number from ${min} to ${max}, not "${text}"`)
    return min
  }
}

export function oneOf<Word extends string>(...words: readonly Word[]): Read<Word> {
  return (text, complain) => {
    if (!words.includes(text as Word)) complain(`must be one of ${words.join(', ')}, not "${text}"`)
    return text as Word
  }
}

/** A text of that form, told by `what` to whoever gives another. */
export function matching(form: RegExp, what: string): Read<string> {
  return (text, complain) => {
    if (!form.test(text)) complain(`must be ${what}, not "${text}"`)
    return text
  }
}

/** Never shown, not even when it is wrong. */
export function secret(minLength: number): Read<string> {
  return (text, complain) => {
    if (text.length < minLength)
      complain(`must have at least ${minLength} characters; make one with: openssl rand -hex 32`)
    return text
  }
}

/** One or two secrets by https://www.standardwebhooks.com, with a comma between them. Never shown. */
export const webhookSecrets: Read<readonly Buffer[]> = (text, complain) => {
  const all = text.split(',').map((one) => one.trim())
  const secrets = all.map((one) =>
    Buffer.from(/^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(one)?.[1] ?? '', 'base64'),
  )
  if (all.length > 2) complain('may have two secrets at most')
  if (secrets.some(({ length }) => length < 24 || length > 64))
    complain(
      'must be whsec_ and 24 to 64 bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)',
    )
  return secrets
}

/** Addresses and networks such as `10.0.0.0/8`, with commas between them. */
export const networks: Read<readonly string[]> = (text, complain) => {
  const all = text.split(',').map((one) => one.trim())
  for (const one of all)
    if (!isNetwork(one)) complain(`has "${one}", which is no address or network such as 10.0.0.0/8`)
  return all
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const kind = isIP(address)
  if (kind === 0 || more.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (kind === 4 ? 32 : 128))
}
