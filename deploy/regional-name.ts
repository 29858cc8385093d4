import { Names, type Stack } from 'aws-cdk-lib'

/** OACs have the shortest names, of 64 characters; the longest region has 14. */
const MAX_STACK_LENGTH = 32

/** CloudFront's names are for the whole account, so that of a second region's stack must be another. */
export function regionalName(stack: Stack, name: string): string {
  return `${Names.uniqueResourceName(stack, { maxLength: MAX_STACK_LENGTH })}-${name}-${stack.region}`
}
