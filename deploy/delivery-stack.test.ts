import { execFile } from 'node:child_process'
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { App } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { describe, expect, test } from 'vitest'
import { incomingKey, originalKey, type Place, renditionsPrefix } from '../src/photo/object-keys.ts'
import type { PhotoId } from '../src/photo/photo-id.ts'
import { placeOf } from '../test/support/place.ts'
import { DeliveryStack, type DeliveryStackProps } from './delivery-stack.ts'
import { readPublicKeys } from './public-keys.ts'

const PHOTO = '764879989359635463' as PhotoId
const PLACES: Place[] = [
  placeOf(PHOTO),
  { ...placeOf(PHOTO), visibility: 'private' },
  { ...placeOf(PHOTO), secret: null },
]

const pemOf = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString()
const newPair = () => generateKeyPairSync('rsa', { modulusLength: 2048 })
const [FIRST, SECOND] = [pemOf(newPair().publicKey), pemOf(newPair().publicKey)]

function synthesize(props: Partial<DeliveryStackProps> = {}): Template {
  const publicKeys = [{ name: 'first', pem: FIRST }]
  return Template.fromStack(new DeliveryStack(new App(), 'Darkroom', { publicKeys, ...props }))
}

/** The only resource of the type whose logical id begins so: its id and its properties. */
function only(template: Template, type: string, name = '') {
  const entries = Object.entries(template.findResources(type)).filter(([id]) => id.startsWith(name))
  expect(entries).toHaveLength(1)
  const [id, resource] = entries[0] ?? ['', {}]
  return { id, properties: resource.Properties }
}

const distributionOf = (template: Template) =>
  only(template, 'AWS::CloudFront::Distribution').properties.DistributionConfig

async function temporaryFolder(files: Record<string, string> = {}) {
  const path = await mkdtemp(join(tmpdir(), 'darkroom-deploy-'))
  for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

describe('The bucket', () => {
  test('is closed to the public, keeps no versions, and stays when the stack goes', () => {
    const template = synthesize()

    template.hasResource('AWS::S3::Bucket', {
      DeletionPolicy: 'Retain',
      Properties: {
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          BlockPublicPolicy: true,
          IgnorePublicAcls: true,
          RestrictPublicBuckets: true,
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }] },
        BucketEncryption: Match.anyValue(),
        VersioningConfiguration: Match.absent(),
        WebsiteConfiguration: Match.absent(),
      },
    })
  })

  test('forgets uploads that were cut off or never completed, and expires no photo', () => {
    const { properties } = only(synthesize(), 'AWS::S3::Bucket', 'Photos')

    const rules = properties.LifecycleConfiguration.Rules
    expect(rules).toContainEqual(
      expect.objectContaining({ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } }),
    )
    const expiring = rules.filter((rule: object) => /Expiration/.test(Object.keys(rule).join()))
    expect(expiring).toMatchObject([{ ExpirationInDays: 2, Prefix: 'incoming/' }])
    expect(incomingKey(PHOTO).startsWith('incoming/')).toBe(true)
    for (const key of [originalKey(PHOTO, 'jpeg'), ...PLACES.map(renditionsPrefix)])
      expect(key.startsWith('incoming/')).toBe(false)
    const tiered = rules.find((rule: { Transitions?: unknown }) => rule.Transitions)
    expect(originalKey(PHOTO, 'jpeg').startsWith(tiered.Prefix)).toBe(true)
    for (const place of PLACES) expect(renditionsPrefix(place).startsWith(tiered.Prefix)).toBe(false)
  })

  test('lets pages of the origins there are put photos, and others nothing', () => {
    const corsOf = (props: Partial<DeliveryStackProps>) =>
      only(synthesize(props), 'AWS::S3::Bucket', 'Photos').properties.CorsConfiguration

    expect(corsOf({})).toBeUndefined()
    expect(corsOf({ corsOrigins: ['https://app.example.com'] })).toMatchObject({
      CorsRules: [
        { AllowedOrigins: ['https://app.example.com'], AllowedMethods: ['PUT'], AllowedHeaders: ['*'] },
      ],
    })
  })

  test('lets only this distribution read, and only renditions', () => {
    const template = synthesize()
    const distribution = only(template, 'AWS::CloudFront::Distribution').id

    const { PolicyDocument } = only(template, 'AWS::S3::BucketPolicy', 'Photos').properties

    const allowed = PolicyDocument.Statement.filter(({ Effect }: { Effect: string }) => Effect === 'Allow')
    expect(allowed).toEqual([
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudfront.amazonaws.com' },
        Action: 's3:GetObject',
        Resource: ['public', 'private', 'renditions'].map((folder) => ({
          'Fn::Join': ['', [expect.anything(), `/${folder}/*`]],
        })),
        Condition: { StringEquals: { 'AWS:SourceArn': { 'Fn::Join': expect.anything() } } },
      },
    ])
    expect(JSON.stringify(allowed[0].Condition)).toContain(`{"Ref":"${distribution}"}`)
  })
})

/** Every name in the template that must be the only one in the account. */
function globalNames(region: string): string[] {
  const stack = new DeliveryStack(new App(), 'Darkroom', {
    env: { region, account: '111122223333' },
    publicKeys: [{ name: 'first', pem: FIRST }],
  })
  const resources = Object.values(Template.fromStack(stack).toJSON().Resources) as {
    Type: string
    Properties: Record<string, { Name?: string; CallerReference?: string } | string>
  }[]
  return resources
    .filter(({ Type }) => Type.startsWith('AWS::CloudFront::'))
    .flatMap(({ Properties }) => [Properties, ...Object.values(Properties)])
    .flatMap((value) => (typeof value === 'string' ? [] : [value.Name, value.CallerReference]))
    .filter((name) => typeof name === 'string')
}

test('A second stack in another region shares no name with the first, as CloudFront has no regions', () => {
  const [here, there] = [globalNames('eu-west-1'), globalNames('ap-southeast-2')]

  expect(here).toHaveLength(7)
  expect(new Set([...here, ...there]).size).toBe(14)
  for (const name of there) expect(name.length).toBeLessThanOrEqual(64)
})

describe('The distribution', () => {
  test('reads the tag of each rendition, and shows it to no viewer', () => {
    const template = synthesize()

    expect(distributionOf(template).CacheTagConfig).toEqual({ HeaderName: 'x-amz-meta-cache-tag' })
    const { ResponseHeadersPolicyConfig } = only(
      template,
      'AWS::CloudFront::ResponseHeadersPolicy',
    ).properties
    expect(ResponseHeadersPolicyConfig.RemoveHeadersConfig.Items).toContainEqual({
      Header: 'x-amz-meta-cache-tag',
    })
  })

  test('writes its log into a private bucket, which forgets it', () => {
    const template = synthesize()
    const logs = only(template, 'AWS::S3::Bucket', 'Logs')

    expect(distributionOf(template).Logging.Bucket).toEqual({
      'Fn::GetAtt': [logs.id, 'RegionalDomainName'],
    })
    expect(logs.properties.PublicAccessBlockConfiguration).toMatchObject({ RestrictPublicBuckets: true })
    expect(logs.properties.LifecycleConfiguration.Rules).toContainEqual(
      expect.objectContaining({ ExpirationInDays: 90 }),
    )
  })

  test('has three open paths, all behind the key group', () => {
    const template = synthesize()
    const { id: keyGroup } = only(template, 'AWS::CloudFront::KeyGroup')

    const { CacheBehaviors } = distributionOf(template)

    expect(CacheBehaviors).toEqual(
      PLACES.map((place) =>
        expect.objectContaining({
          PathPattern: renditionsPrefix(place).replace(/\/.*/, '/*'),
          TrustedKeyGroups: [{ Ref: keyGroup }],
          ViewerProtocolPolicy: 'https-only',
          AllowedMethods: ['GET', 'HEAD'],
          Compress: false,
        }),
      ),
    )
  })

  test('ends every other path at the edge, signed or not', () => {
    const template = synthesize()
    const { properties } = only(template, 'AWS::CloudFront::Function')

    const { DefaultCacheBehavior } = distributionOf(template)

    expect(DefaultCacheBehavior.TrustedKeyGroups).toHaveLength(1)
    expect(DefaultCacheBehavior.FunctionAssociations).toEqual([
      { EventType: 'viewer-request', FunctionARN: { 'Fn::GetAtt': [expect.any(String), 'FunctionARN'] } },
    ])
    const answer = new Function(
      `${properties.FunctionCode}; return handler({ request: { uri: '/originals/1/2.jpg' } })`,
    )
    expect(answer()).toMatchObject({ statusCode: 404 })
  })

  test('signs every request to the bucket', () => {
    const template = synthesize()
    const { id, properties } = only(template, 'AWS::CloudFront::OriginAccessControl')

    const { Origins } = distributionOf(template)

    expect(properties.OriginAccessControlConfig).toMatchObject({
      OriginAccessControlOriginType: 's3',
      SigningBehavior: 'always',
      SigningProtocol: 'sigv4',
    })
    for (const origin of Origins) expect(origin.OriginAccessControlId).toEqual({ 'Fn::GetAtt': [id, 'Id'] })
    expect(Origins.length).toBeGreaterThan(0)
  })

  test('keeps one copy for all viewers, for a year, and believes an object that says less', () => {
    const { CachePolicyConfig } = only(synthesize(), 'AWS::CloudFront::CachePolicy').properties

    expect(CachePolicyConfig).toMatchObject({ MinTTL: 0, DefaultTTL: 31_536_000, MaxTTL: 31_536_000 })
    expect(CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin).toMatchObject({
      CookiesConfig: { CookieBehavior: 'none' },
      HeadersConfig: { HeaderBehavior: 'none' },
      QueryStringsConfig: { QueryStringBehavior: 'none' },
    })
  })

  test('lets web apps read pixels, and says nothing of caching that errors would have too', () => {
    const { ResponseHeadersPolicyConfig: headers } = only(
      synthesize(),
      'AWS::CloudFront::ResponseHeadersPolicy',
    ).properties

    expect(headers.CorsConfig).toMatchObject({
      AccessControlAllowOrigins: { Items: ['*'] },
      AccessControlAllowCredentials: false,
    })
    expect(headers.SecurityHeadersConfig.ContentTypeOptions).toEqual({ Override: true })
    expect(headers.CustomHeadersConfig).toBeUndefined()
  })

  test('asks the API for what the bucket does not have, where there is one to ask, and shows it the secret', () => {
    const template = synthesize({ apiUrl: 'https://photos.example.com/darkroom/' })

    const { Origins, OriginGroups, CacheBehaviors } = distributionOf(template)

    const [bucket, api] = Origins
    expect(Origins).toHaveLength(2)
    expect(bucket.S3OriginConfig).toBeDefined()
    expect(api).toMatchObject({
      DomainName: 'photos.example.com',
      OriginPath: '/darkroom',
      CustomOriginConfig: { OriginProtocolPolicy: 'https-only', OriginReadTimeout: 30 },
      OriginCustomHeaders: [{ HeaderName: 'x-darkroom-origin', HeaderValue: { Ref: 'OriginSecret' } }],
    })
    expect(OriginGroups.Items).toEqual([
      expect.objectContaining({
        FailoverCriteria: { StatusCodes: { Items: [403, 404], Quantity: 2 } },
        Members: { Items: [{ OriginId: bucket.Id }, { OriginId: api.Id }], Quantity: 2 },
      }),
    ])
    for (const { TargetOriginId, TrustedKeyGroups } of CacheBehaviors) {
      expect(TargetOriginId).toBe(OriginGroups.Items[0].Id)
      expect(TrustedKeyGroups).toHaveLength(1)
    }
    template.hasParameter('OriginSecret', { NoEcho: true, MinLength: 32 })
    expect(() => synthesize({ apiUrl: 'http://photos.example.com' })).toThrow('https')
  })

  test("takes a name of one's own", () => {
    const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/c1'
    const template = synthesize({ domain: { name: 'cdn.example.com', certificateArn } })

    expect(distributionOf(template)).toMatchObject({
      Aliases: ['cdn.example.com'],
      ViewerCertificate: { AcmCertificateArn: certificateArn, MinimumProtocolVersion: 'TLSv1.2_2021' },
    })
    template.hasOutput('CdnUrl', { Value: 'https://cdn.example.com' })
  })
})

describe('The signers', () => {
  test('are two during a rotation, and the one that was there stays the same resource', () => {
    const before = Object.keys(synthesize().findResources('AWS::CloudFront::PublicKey'))

    const during = synthesize({
      publicKeys: [
        { name: 'first', pem: FIRST },
        { name: 'second', pem: SECOND },
      ],
    })

    const keys = Object.keys(during.findResources('AWS::CloudFront::PublicKey'))
    expect(keys).toHaveLength(2)
    expect(keys).toEqual(expect.arrayContaining(before))
    expect(only(during, 'AWS::CloudFront::KeyGroup').properties.KeyGroupConfig.Items).toEqual(
      expect.arrayContaining(keys.map((Ref) => ({ Ref }))),
    )
    during.hasOutput('CdnKeyPairIdfirst', { Value: { Ref: before[0] } })
  })

  test('get a new resource for a new key under an old name, because CloudFront changes none', () => {
    const [before] = Object.keys(synthesize().findResources('AWS::CloudFront::PublicKey'))

    const after = synthesize({ publicKeys: [{ name: 'first', pem: SECOND }] })

    expect(Object.keys(after.findResources('AWS::CloudFront::PublicKey'))).not.toContain(before)
  })

  test('are read from their folder, whatever else lies there', async () => {
    await using folder = await temporaryFolder({ 'b.pem': SECOND, 'a.pem': `\n${FIRST}\n`, 'README.md': '' })

    expect(readPublicKeys(folder.path)).toEqual([
      { name: 'a', pem: FIRST },
      { name: 'b', pem: SECOND },
    ])
  })

  test.each([
    ['nothing', {}, 'has no public key'],
    [
      'a private key',
      { 'a.pem': newPair().privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() },
      'is a private key',
    ],
    ['text', { 'a.pem': 'a shopping list' }, 'is not an RSA public key of 2048 bits'],
    [
      'a longer key',
      { 'a.pem': pemOf(generateKeyPairSync('rsa', { modulusLength: 3072 }).publicKey) },
      'is not an RSA public key of 2048 bits',
    ],
    [
      'too many',
      Object.fromEntries(Array.from({ length: 6 }, (_, index) => [`${index}.pem`, FIRST])),
      'more than the 5 keys',
    ],
  ])('that are %s are refused', async (_, files, reason) => {
    await using folder = await temporaryFolder(files)

    expect(() => readPublicKeys(folder.path)).toThrow(reason)
  })
})

test('Darkroom may use its bucket and invalidate its distribution, and nothing else', () => {
  const { PolicyDocument } = only(synthesize(), 'AWS::IAM::ManagedPolicy').properties

  const actions = PolicyDocument.Statement.flatMap(({ Action }: { Action: string | string[] }) => Action)
  expect(actions.filter((action: string) => action.includes('*'))).toEqual([])
  expect(actions.toSorted()).toEqual([
    'cloudfront:CreateInvalidation',
    'cloudfront:GetDistributionConfig',
    's3:DeleteObject',
    's3:GetBucketCORS',
    's3:GetBucketPublicAccessBlock',
    's3:GetLifecycleConfiguration',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
  ])
  for (const { Resource } of PolicyDocument.Statement) expect(Resource).not.toBe('*')
})

test('cdk synth writes the template, with no account and no network', async () => {
  await using keys = await temporaryFolder({ 'first.pem': FIRST })
  await using output = await temporaryFolder()
  const cdk = join(import.meta.dirname, 'node_modules/.bin/cdk')

  await promisify(execFile)(
    process.execPath,
    [cdk, 'synth', '--quiet', '--no-notices', '--output', output.path, '--context', `keys=${keys.path}`],
    {
      cwd: import.meta.dirname,
      env: { PATH: process.env.PATH, HOME: output.path, CI: 'true', CDK_DISABLE_CLI_TELEMETRY: 'true' },
    },
  )

  expect(await readdir(output.path)).toContain('Darkroom.template.json')
  const template = JSON.parse(await readFile(join(output.path, 'Darkroom.template.json'), 'utf8'))
  expect(Object.keys(template.Outputs)).toEqual(
    expect.arrayContaining([
      'StorageUrl',
      'CdnUrl',
      'CdnDistributionId',
      'CdnKeyPairIdfirst',
      'AccessPolicyArn',
    ]),
  )
}, 60_000)
