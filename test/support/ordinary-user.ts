import { canEnter } from '../../src/embedded-postgres/account.ts'
import { needs } from './needs.ts'

export const isRoot = process.getuid?.() === 0

/** Whom root's tests start things as that an ordinary user starts. */
export const ordinaryUser = { uid: 65534, gid: 65534 }

/** For tests that root runs and that start something of the checkout as an ordinary user. */
export const testAsOrdinaryUser = needs(
  'a checkout that others may enter',
  await canEnter(import.meta.dirname, ordinaryUser),
  'clone into a folder that is not closed, nor any above it',
)
