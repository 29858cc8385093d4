import { join } from 'node:path'
import { App } from 'aws-cdk-lib'
import { DeliveryStack } from './delivery-stack.ts'
import { readPublicKeys } from './public-keys.ts'

const app = new App()
const context = (name: string): string | undefined => app.node.tryGetContext(name)
const apiUrl = context('apiUrl')
const corsOrigins = context('corsOrigins')?.split(',')
const [name, certificateArn] = [context('domainName'), context('certificateArn')]
if (!name !== !certificateArn) throw new Error('Give domainName and certificateArn both, or neither.')

new DeliveryStack(app, context('stackName') ?? 'Darkroom', {
  description: "Darkroom's bucket and its CloudFront distribution",
  publicKeys: readPublicKeys(context('keys') ?? join(import.meta.dirname, 'keys')),
  ...(apiUrl && { apiUrl }),
  ...(corsOrigins && { corsOrigins }),
  ...(name && certificateArn && { domain: { name, certificateArn } }),
})
